"""How many questions about pages of held-out layouts and fonts are answered
right, letter for letter.

Measured in PyTorch, packed: an answer whose every token is the likeliest one
after the right ones before it is what greedy decoding writes.
"""

import random
from collections import Counter
from dataclasses import dataclass, field

import torch

from . import questions, smollm, stage_questions
from .questions import Question
from .reading import Reader

_DATES = {"date", "issue_date", "due_date", "delivery_date", "order_date", "time"}
_AMOUNTS = {"subtotal", "net", "tax", "total", "gross", "amount", "paid", "change", "discount", "rounding", "service", "prepaid", "fee", "currency"}
_PARTIES = {"merchant", "seller", "buyer", "address", "seller_address", "buyer_address", "app", "counterparty", "contact", "cashier", "bank"}


@dataclass
class Result:
    asked: Counter = field(default_factory=Counter)
    right: Counter = field(default_factory=Counter)
    misses: list[tuple[str, Question]] = field(default_factory=list)

    def count(self, where: str, question: Question, is_right: bool) -> None:
        for name in ("all", f"answer: {question.sort}", f"about: {group(question)}", f"language: {question.language}"):
            self.asked[where, name] += 1
            self.right[where, name] += is_right

    def table(self) -> str:
        lines = []
        for where, name in sorted(self.asked):
            right, asked = self.right[where, name], self.asked[where, name]
            lines.append(f"{where:14} {name:28} {right / asked:.3f}  {right} of {asked}")
        return "\n".join(lines)


def group(question: Question) -> str:
    """What a question is about, coarsely."""
    if question.sort != "copy":
        return question.about.replace("item ", "item: ") if question.sort == "yes/no" else question.sort
    about = question.about
    if about.startswith("item "):
        return about.replace("item ", "item: ")
    return "dates" if about in _DATES else "amounts" if about in _AMOUNTS else "parties" if about in _PARTIES else "numbers and others"


def pages(count: int, seed: int, each: int, new_words: bool):
    for number in range(count):
        yield questions.example(random.Random(f"questions held out/{seed}/{number}"), each, held_out=True, new_words=new_words)


def held_out(model: smollm.SmolLM, tokenizer: smollm.PageTokenizer, count: int, seed: int = 9, each: int = 12) -> Result:
    """`count` pages asked in known words, and as many in held-out ones."""
    result = Result()
    for where, new_words in (("known words", False), ("held-out words", True)):
        for made in pages(count, seed + new_words, each, new_words):
            with torch.no_grad():
                answers = stage_questions.losses(model, stage_questions.packed(tokenizer, made.page_text, made.questions))
            for question, (_, is_right) in zip(made.questions, answers):
                result.count(where, question, is_right)
                if not is_right:
                    result.misses.append((made.page_text, question))
    return result


@dataclass
class Agreement:
    asked: int = 0
    same: int = 0  # answers that are equal letter for letter
    right: int = 0  # of llama.cpp's
    differences: list[tuple[str, str, str, str]] = field(default_factory=list)  # question, true, here, there


def agreement(model: smollm.SmolLM, tokenizer: smollm.PageTokenizer, reader: Reader, count: int, seed: int = 11, each: int = 5) -> Agreement:
    """So many questions, asked here and in llama.cpp with the exported adapter,
    greedily and without a grammar."""
    result = Agreement()
    for made in pages(count, seed, each, False):
        for question in made.questions:
            if result.asked == count:
                return result
            prompt = tokenizer.question(made.page_text, question.text)
            mine = tokenizer.decode(smollm.read(model, tokenizer, prompt, 120))
            theirs = reader.question(made.page_text, question.text)
            result.asked += 1
            result.same += mine == theirs
            result.right += theirs == question.answer
            if mine != theirs:
                result.differences.append((question.text, question.answer, mine, theirs))
    return result
