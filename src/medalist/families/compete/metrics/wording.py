"""Which metric a description means, by the phrases organisers use; standard library only."""

from __future__ import annotations

import re

_PHRASES: tuple[tuple[str, str], ...] = (
    (r"quadratic(ally)?[- ]weighted[- ]kappa|\bqwk\b", "qwk"),
    (r"label[- ]weighted label[- ]ranking", "lwlrap"),
    (r"column[- ]?wise (area under the )?(roc|auc|receiver)", "mean_columnwise_roc_auc"),
    (r"(mean|average)[^.]{0,30} (roc )?auc (over|across|of (all|each|the))", "mean_columnwise_roc_auc"),
    (r"mcrmse|column[- ]?wise (rmse|root mean squared? error)", "mcrmse"),
    (r"column[- ]?wise (rmsle|root mean squared? log)", "columnwise_rmsle"),
    (r"column[- ]?wise (logarithmic|log)[- ]?loss", "mean_columnwise_log_loss"),
    (r"column[- ]?wise spearman|spearman", "spearman"),
    (r"map@(?P<k>3|5|7|10|12)\b|mean average precision @ ?(?P<k2>3|5|7|10|12)\b", "map@"),
    (r"rmsle|root[- ]mean[- ]squared?[- ]log(arithmic)?[- ]error", "rmsle"),
    (r"(rmse|root[- ]mean[- ]squared?[- ]error)[^.]{0,40}(between|of|on)[^.]{0,20}\blog(arithm)?", "rmsle"),
    (r"root[- ]mean[- ]squared?[- ]percentage", "rmspe"),
    (r"area under the (receiver|roc)|\broc[- ]?auc\b|\bauroc\b|\bauc\b|receiver operating characteristic", "roc_auc"),
    (r"area under the precision[- ]recall|average precision", "average_precision"),
    (r"gini", "gini"),
    (r"log(arithmic)?[- ]?loss|cross[- ]entropy", "log_loss"),
    (r"brier", "brier"),
    (r"kullback|kl[- ]divergence", "kl_divergence"),
    (r"probabilistic f1|\bpf1\b", "probabilistic_f1"),
    (r"macro[- ](averaged? )?f-?1|f-?1[^.]{0,20}macro", "f1_macro"),
    (r"micro[- ](averaged? )?f-?1|f-?1[^.]{0,20}micro", "f1_micro"),
    (r"weighted[- ](averaged? )?f-?1|f-?1[^.]{0,20}weighted", "f1_weighted"),
    (r"mean f-?1", "f1_samples"),
    (r"\bf-?1\b", "f1"),
    (r"matthews|\bmcc\b", "mcc"),
    (r"balanced accuracy", "balanced_accuracy"),
    (r"(classification|categori[sz]ation) error|top-?1 error|misclassification", "error_rate"),
    (r"accuracy", "accuracy"),
    (r"\brmse\b|root[- ]mean[- ]squared?[- ]error", "rmse"),
    (r"symmetric mean absolute percentage|\bsmape\b", "smape"),
    (r"mean absolute percentage|\bmape\b", "mape"),
    (r"median absolute error", "median_absolute_error"),
    (r"logarithm of the mean absolute error|log of the mean absolute error", "log_mae"),
    (r"\bmae\b|mean absolute error", "mae"),
    (r"\bmse\b|mean squared error", "mse"),
    (r"laplace log[- ]likelihood", "laplace_log_likelihood"),
    (r"pearson", "pearson"),
    (r"\br2\b|r\^2|r²|coefficient of determination", "r2"),
    (r"kendall", "kendall_tau"),
    (r"jaccard", "jaccard"),
    (r"levenshtein|edit distance", "levenshtein"),
    (r"dice|intersection over union|\biou\b", "dice"),
)  # fmt: skip
_SECTION = re.compile(
    r"(?im)^\W*(evaluation|metric|scoring|evaluation metric|how .* (scored|evaluated))\b.*$"
)


def metric_in_text(text: str) -> tuple[str, str]:
    """(metric, the words that name it); ("", "") when no phrase is known.

    What stands under a heading such as "Evaluation" counts before the rest; the first phrase of the
    list that matches there wins, so special metrics come before the general ones they contain.
    """
    heading = _SECTION.search(text)
    passages = [text[heading.start() : heading.start() + 1500], text] if heading else [text]
    for passage in passages:
        plain = re.sub(r"[*_`\\$]+", " ", passage).lower()
        for pattern, name in _PHRASES:
            if match := re.search(pattern, plain):
                groups = match.groupdict()
                k = groups.get("k") or groups.get("k2")
                return (f"map@{k}" if name == "map@" and k else name), match[0].strip()
    return "", ""
