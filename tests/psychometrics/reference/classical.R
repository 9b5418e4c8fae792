# Reliability, variance components, stringency and agreement by others' hands, as JSON: Rscript classical.R marks.csv
#
# marks.csv: simulated marks of an exam, one a line; a station's score of a candidate is the first of theirs. psych for alpha,
# kappa and ICC, factanal (stats) for the factor behind omega, lme4 for the mixed models, lm for the regression.
suppressMessages({library(psych); library(lme4)})
long <- read.csv(commandArgs(trailingOnly = TRUE)[1])
numbers <- function(x) paste0("[", paste(signif(as.numeric(x), 7), collapse = ", "), "]")
first <- long[!duplicated(long[c("candidate", "station")]), ]
wide <- function(what) {
  one <- reshape(first[c("candidate", "station", what)], direction = "wide", idvar = "candidate", timevar = "station")
  as.matrix(one[order(one$candidate), paste0(what, ".", sort(unique(long$station)))])
}
score <- wide("score"); grade <- wide("rating")
drop <- suppressWarnings(psych::alpha(score, check.keys = FALSE))
factor1 <- factanal(score, 1)
loading <- factor1$loadings[, 1] * apply(score, 2, sd); unique1 <- factor1$uniquenesses * apply(score, 2, var)
long$place <- factor(long$examiner * 100 + long$station); long$cell <- factor(long$candidate * 100 + long$station)
for (name in c("candidate", "station", "examiner")) { long[[name]] <- factor(long[[name]]); first[[name]] <- factor(first[[name]]) }
control <- lmerControl(optCtrl = list(xtol_abs = 1e-10, ftol_abs = 1e-10), check.conv.singular = "ignore")
variances <- function(fit, order) { v <- as.data.frame(VarCorr(fit)); v$vcov[match(order, v$grp)] }
nested <- lmer(score ~ 1 + (1 | candidate) + (1 | station) + (1 | place) + (1 | cell), long, control = control)
crossed <- lmer(score ~ 1 + (1 | candidate) + (1 | station), first, control = control)
strict <- lmer(score ~ 0 + station + (1 | candidate) + (1 | examiner), long, control = control)
line <- lm(y ~ x, data.frame(x = grade[, 1], y = score[, 1])); at <- predict(line, data.frame(x = 1), se.fit = TRUE)
twice <- long$cell %in% long$cell[duplicated(long$cell)]
both <- function(what) do.call(rbind, split(long[[what]][twice], droplevels(long$cell[twice])))
agree <- ICC(both("score"), lmer = FALSE)$results; pairs <- both("rating")
kappas <- cohen.kappa(matrix(table(factor(pairs[, 1], 0:4), factor(pairs[, 2], 0:4)), 5))
cat(sprintf('{\n  "origin": "%s, psych %s, lme4 %s"', R.version.string, packageVersion("psych"), packageVersion("lme4")))
told <- function(name, x) cat(sprintf(',\n  "%s": %s', name, numbers(x)))
told("alpha", drop$total$raw_alpha); told("alpha_if_deleted", drop$alpha.drop$raw_alpha)
told("corrected", sapply(seq_len(ncol(score)), function(k) cor(score[, k], rowSums(score[, -k]))))
told("omega", sum(loading)^2 / (sum(loading)^2 + sum(unique1)))
told("error", sd(rowMeans(score)) * sqrt(1 - drop$total$raw_alpha))
told("crossed", variances(crossed, c("candidate", "station", "Residual")))
told("nested", variances(nested, c("candidate", "station", "place", "cell", "Residual")))
told("stringency_variances", variances(strict, c("candidate", "examiner", "Residual")))
told("stringency", ranef(strict)$examiner[, 1])
told("regression", c(at$fit, at$se.fit, summary(line)$r.squared, coef(line)[2]))
told("icc", agree$ICC); told("icc_low", agree[["lower bound"]]); told("icc_high", agree[["upper bound"]])
told("kappas", c(kappas$kappa, kappas$weighted.kappa))
cat("\n}\n")
