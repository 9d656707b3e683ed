"""The sentences by which CLIP learns classes and page states, and its tokenizer.

The classes' sentences are those of the schemas (`x-docmill.labels`): what the
program asks at run time is what was trained.
"""

from . import truth
from .clip_pages import CLASSES, QUALITIES

_STATES = {
    "clean": ["a sharp clean scan of a document", "a clear readable upright page"],
    "blurry": ["a blurry scan of a document", "an out of focus photo of a page", "an unreadable blurred page"],
    "dark": ["a dark underexposed photo of a document", "a page that is too dark to read"],
    "faded": ["a faded low contrast scan", "a page with very light washed out text"],
    "sideways": ["a page rotated sideways", "a document lying on its side"],
    "upsidedown": ["a page that is upside down", "an upside down document"],
}
_BEFORE = {"clean": "a clean", "blurry": "a blurry", "dark": "a dark photo of a", "faded": "a faded", "sideways": "a sideways", "upsidedown": "an upside down"}
_BOTH = ("receipt", "invoice", "letter", "form", "report")
# Words beyond the sentences, so that other wording at run time is not split into letters.
_MORE = (
    "document page scan photo picture image of a an the with and in on to for from is that text paper phone computer screen table items total price payment "
    "order bank transfer company seller buyer amount date blank empty upright readable cash ticket bill statement contract envelope card handwriting drawing "
    "chart graph logo stamp signature front back side"
).split()


def labels() -> dict[str, list[str]]:
    """Sentences by class."""
    result = {kind: truth.schema(kind)["x-docmill"]["labels"] for kind in ("receipt", "invoice", "screenshot")}
    return result | truth.schema("other")["x-docmill"]["labels"]


def captions() -> list[tuple[str, int, int]]:
    """Sentence, class or -1 for any, state or -1 for any."""
    result = [(text, CLASSES.index(kind), -1) for kind, texts in labels().items() for text in texts]
    for state, texts in _STATES.items():
        result += [(text, -1, QUALITIES.index(state)) for text in texts]
        result += [(f"{_BEFORE[state]} {kind}", CLASSES.index(kind), QUALITIES.index(state)) for kind in _BOTH]
    return result


def state_sentences() -> dict[str, list[str]]:
    return _STATES


def make_tokenizer():
    """Byte-pair pieces over lower case letters, in the form of CLIP's own."""
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

    tokenizer = Tokenizer(models.BPE(unk_token=None, end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), behavior="removed", invert=True)
    alphabet = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    trainer = trainers.BpeTrainer(vocab_size=900, initial_alphabet=alphabet, end_of_word_suffix="</w>", special_tokens=[], show_progress=False)
    tokenizer.train_from_iterator([text for text, _, _ in captions()] * 3 + _MORE * 2, trainer)
    tokenizer.add_special_tokens(["<|startoftext|>", "<|endoftext|>"])
    start, end = tokenizer.token_to_id("<|startoftext|>"), tokenizer.token_to_id("<|endoftext|>")
    assert end == tokenizer.get_vocab_size() - 1, "the text is pooled at the highest number"
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|startoftext|> $A <|endoftext|>", special_tokens=[("<|startoftext|>", start), ("<|endoftext|>", end)]
    )
    return tokenizer
