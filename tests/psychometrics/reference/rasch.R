# The many-facet Rasch model by others' hands, as JSON: Rscript rasch.R pass-or-fail.csv ratings.csv
#
# Ratings of 0 and 1: lme4's glmer, as the model with normal abilities is a logistic regression with a random intercept.
# More categories: no R package of Debian fits it, so the likelihood is written down as it is defined (Linacre 1989, and the
# integral over abilities as a sum over a fine grid), climbed without slopes, and its curvature taken by differences.
suppressMessages(library(lme4))
options(digits = 10)
from <- commandArgs(trailingOnly = TRUE)
numbers <- function(x) paste0("[", paste(signif(as.numeric(x), 7), collapse = ", "), "]")
centred <- function(n) contr.sum(n) # what is free, and the last as minus the sum of the others
told <- function(name, stations, examiners, at, spread, threshold, sd, deviance) {
  one <- seq_len(stations - 1)
  two <- stations - 1 + seq_len(examiners - 1)
  s <- centred(stations); e <- centred(examiners)
  error <- function(m, i) sqrt(diag(m %*% spread[i, i, drop = FALSE] %*% t(m)))
  cat(sprintf(
    '  "%s": {\n    "stations": %s,\n    "station_errors": %s,\n    "examiners": %s,\n    "examiner_errors": %s,\n    "thresholds": %s,\n    "ability_sd": %.7g,\n    "deviance": %.9g\n  }',
    name, numbers(s %*% at[one]), numbers(error(s, one)), numbers(e %*% at[two]), numbers(error(e, two)),
    numbers(threshold), sd, deviance))
}

marks <- read.csv(from[1])
for (name in c("station", "examiner")) {
  marks[[name]] <- factor(marks[[name]])
  contrasts(marks[[name]]) <- centred(nlevels(marks[[name]]))
}
fit <- glmer(rating ~ station + examiner + (1 | candidate), marks, family = binomial, nAGQ = 25,
             control = glmerControl(optimizer = "bobyqa", tolPwrss = 1e-10))
cat(sprintf('{\n  "origin": "%s, lme4 %s",\n', R.version.string, packageVersion("lme4")))
told("pass-or-fail", nlevels(marks$station), nlevels(marks$examiner), -fixef(fit)[-1], as.matrix(vcov(fit))[-1, -1],
     -fixef(fit)[1], attr(VarCorr(fit)$candidate, "stddev"), -2 * as.numeric(logLik(fit)))
cat(",\n")

marks <- read.csv(from[2])
stations <- max(marks$station) + 1; examiners <- max(marks$examiner) + 1; highest <- max(marks$rating)
grid <- seq(-9, 9, by = 0.05)
deviance <- function(p) {
  station <- as.numeric(centred(stations) %*% p[seq_len(stations - 1)])
  examiner <- as.numeric(centred(examiners) %*% p[stations - 1 + seq_len(examiners - 1)])
  passed <- c(0, cumsum(p[stations + examiners - 2 + seq_len(highest)]))
  ease <- outer(-station[marks$station + 1] - examiner[marks$examiner + 1], grid, "+")
  all <- Reduce("+", lapply(0:highest, function(x) exp(x * ease - passed[x + 1])))
  each <- rowsum(marks$rating * ease - passed[marks$rating + 1] - log(all), marks$candidate)
  sd <- exp(p[length(p)])
  -2 * sum(log(exp(each) %*% (dnorm(grid, 0, sd) * 0.05)))
}
start <- c(rep(0, stations + examiners - 2), seq(-1, 1, length.out = highest), 0)
best <- optim(start, deviance, method = "BFGS", control = list(reltol = 1e-14, maxit = 1000, ndeps = rep(1e-5, length(start))))
best <- optim(best$par, deviance, method = "BFGS", control = list(reltol = 1e-15, maxit = 1000, ndeps = rep(1e-4, length(start))), hessian = TRUE)
told("ratings", stations, examiners, best$par, 2 * solve(best$hessian),
     best$par[stations + examiners - 2 + seq_len(highest)], exp(best$par[length(start)]), best$value)
cat("\n}\n")
