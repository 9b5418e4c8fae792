"""The table of what candidates are shown of their results."""

from teleosce.core.rules_table import RulesTable
from teleosce.scoring.feedback import FeedbackRules

feedback_rules = RulesTable("feedback_rules", FeedbackRules)
