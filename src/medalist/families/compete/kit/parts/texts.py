"""Feature parts for text: cleaning, TF-IDF of words and of characters, statistics, latent topics.

Vocabularies and document frequencies come from training and test texts together. They never see the
target, so nothing of it can leak into the validation rows.
"""

# pyright: reportAttributeAccessIssue=false, reportArgumentType=false, reportReturnType=false
# pyright: reportCallIssue=false, reportGeneralTypeIssues=false, reportOperatorIssue=false
# (pandas' and scikit-learn's own annotations are narrower than what they accept and return.)

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.preprocessing import OneHotEncoder, QuantileTransformer, normalize

LARGEST_VOCABULARY = 200_000


def clean_text(column: pd.Series) -> pd.Series:
    """Text with links, mentions and digits each written one way; missing becomes empty."""
    text = column.map(str, na_action="ignore").fillna("").astype(object)
    for pattern, replacement in ((r"https?://\S+", " weblink "), (r"@\w+", " mention "), (r"\d", "0")):
        text = text.str.replace(pattern, replacement, regex=True)
    return text


def tagged_words(columns: pd.DataFrame) -> pd.Series:
    """Short columns as words that carry the column's name, such as ``keyword_fire``."""
    words = pd.Series("", index=columns.index, dtype=object)
    for name in columns:
        text = columns[name].map(str, na_action="ignore").fillna("").astype(object)
        text = text.str.replace("%20", " ").str.replace(r"[^\w]+", " ", regex=True).str.strip()
        words += " " + text.str.replace(r"(\w+)", rf"{name}_\1", regex=True)
    return words


def joined_text(texts: pd.DataFrame, short: pd.DataFrame | None = None) -> pd.Series:
    """All text columns of a row as one cleaned text, then its short columns as tagged words."""
    whole = texts.apply(clean_text).agg(" . ".join, axis=1)
    return whole if short is None else whole + " . " + tagged_words(short)


def word_matrix(text: pd.Series, longest: int = 2) -> sparse.csr_matrix:
    """TF-IDF of words and word pairs, rows scaled to length one; sparse (n, vocabulary)."""
    vectorizer = TfidfVectorizer(
        ngram_range=(1, longest),
        min_df=2,
        sublinear_tf=True,
        strip_accents="unicode",
        max_features=LARGEST_VOCABULARY,
        dtype=np.float32,
    )
    return vectorizer.fit_transform(text)


def character_matrix(text: pd.Series, longest: int = 5) -> sparse.csr_matrix:
    """TF-IDF of runs of 2 to ``longest`` characters within words; sparse (n, vocabulary)."""
    vectorizer = TfidfVectorizer(
        analyzer="char_wb",
        ngram_range=(2, longest),
        min_df=3,
        sublinear_tf=True,
        max_features=LARGEST_VOCABULARY,
        dtype=np.float32,
    )
    return vectorizer.fit_transform(text)


def presence_matrix(text: pd.Series) -> sparse.csr_matrix:
    """Which words and word pairs occur, as 0 and 1; sparse (n, vocabulary)."""
    vectorizer = CountVectorizer(
        ngram_range=(1, 2), min_df=2, binary=True, max_features=LARGEST_VOCABULARY, dtype=np.float32
    )
    return vectorizer.fit_transform(text)


def table_matrix(features: pd.DataFrame) -> sparse.csr_matrix:
    """Table features beside a text: numbers by rank from 0 to 1, names one-hot; sparse."""
    numeric = features.select_dtypes("number")
    blocks = []
    if numeric.shape[1]:
        ranks = QuantileTransformer(n_quantiles=min(500, len(numeric)), random_state=0)
        blocks.append(sparse.csr_matrix(ranks.fit_transform(numeric.fillna(numeric.median()).fillna(0.0))))
    named = features.select_dtypes("category")
    if named.shape[1]:
        blocks.append(
            OneHotEncoder(min_frequency=3, handle_unknown="ignore").fit_transform(named.astype(object))
        )
    return sparse.hstack(blocks, format="csr", dtype=np.float32)


def latent_text(text: pd.Series, components: int) -> pd.DataFrame:
    """The strongest directions of words and characters (latent semantic analysis), float (n, components)."""
    matrix = sparse.hstack([word_matrix(text), character_matrix(text, 4)], format="csr")
    components = min(components, min(matrix.shape) - 1)
    found = normalize(TruncatedSVD(components, n_iter=2, random_state=0).fit_transform(matrix))
    return pd.DataFrame(found, index=text.index, columns=[f"topic_{i}" for i in range(components)])


def text_statistics(columns: pd.DataFrame) -> pd.DataFrame:
    """Length, words, capitals, digits, punctuation, links, hashtags and mentions of each text."""
    patterns = {
        "words": r"\S+", "capitals": r"[A-Z]", "digits": r"\d", "marks": r"[^\w\s]", "exclamations": "!",
        "questions": r"\?", "links": "http", "hashtags": "#", "mentions": "@", "sentences": r"[.!?]+(?:\s|$)",
    }  # fmt: skip
    result = {}
    for name in columns:
        text = columns[name].map(str, na_action="ignore").fillna("").astype(object)
        length = text.str.len().astype(float)
        result[f"{name}_length"] = length
        for label, pattern in patterns.items():
            result[f"{name}_{label}"] = text.str.count(pattern).astype(float)
        result[f"{name}_word_length"] = length / (result[f"{name}_words"] + 1)
        result[f"{name}_capital_share"] = result[f"{name}_capitals"] / (length + 1)
    frame = pd.DataFrame(result, index=columns.index)
    return frame.loc[:, frame.nunique() > 1]
