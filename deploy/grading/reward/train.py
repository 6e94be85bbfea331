"""A policy that learns to differentiate from rewards: `python train.py`, with the server at PULLBACK_TARGET or its own.

The policy is a table of preferences over candidate answers, small enough to watch; the reward is the one that a
language model would be trained with. A batch is graded over one stream, and what is undecided is masked.
"""

import os
from contextlib import nullcontext

import numpy as np
import pullback

PROBLEMS = [
    {"expression": "sin(3*x)", "inputs": {"x": {"domain": [-2, 2]}}, "wrt": "x"},
    {"expression": "x**2*exp(x)", "inputs": {"x": {"domain": [-2, 2]}}, "wrt": "x"},
    {"expression": "log(x)", "inputs": {"x": {"domain": [0.5, 3]}}, "wrt": "x"},
]
CANDIDATES = [
    [r"\cos 3x", r"3\cos 3x", r"-3\cos 3x", r"\frac{d}{dx}\sin 3x"],
    [r"2x e^x", r"(x^2 + 2x) e^x", r"2x + e^x", "x^2 e^x"],
    [r"\ln x", r"\frac{1}{x}", r"e^x", r"\frac{"],
]
BATCH, STEPS, RATE = 18, 20, 1.5


def train(client: pullback.Client, seed: int = 0) -> list[str]:
    """Trains by REINFORCE with each problem's mean reward as the baseline; returns the answers that it prefers."""
    reward = pullback.DerivativeReward(client)
    random = np.random.default_rng(seed)
    preferences = np.zeros((len(PROBLEMS), 4))
    for step in range(STEPS):
        problems = np.arange(BATCH) % len(PROBLEMS)
        chances = np.exp(preferences) / np.exp(preferences).sum(axis=1, keepdims=True)
        choices = np.array([random.choice(4, p=chances[problem]) for problem in problems])
        completions = [f"It is $\\boxed{{{CANDIDATES[p][c]}}}$." for p, c in zip(problems, choices, strict=True)]
        columns = {name: [PROBLEMS[problem][name] for problem in problems] for name in ("expression", "inputs", "wrt")}
        rewards = np.array([np.nan if r is None else r for r in reward(completions, **columns)])
        for problem in range(len(PROBLEMS)):
            decided = (problems == problem) & ~np.isnan(rewards)
            if not decided.any():
                continue
            advantages = rewards[decided] - rewards[decided].mean()
            for choice, advantage in zip(choices[decided], advantages, strict=True):
                preferences[problem] += RATE * advantage * (np.eye(4)[choice] - chances[problem])
        if step % 10 == 9:
            masked = int(np.isnan(rewards).sum())
            print(f"step {step + 1}: mean reward {np.nanmean(rewards):.2f}, {masked} of {BATCH} masked")
    return [CANDIDATES[problem][best] for problem, best in enumerate(preferences.argmax(axis=1))]


def main() -> None:
    """Trains, and prints what the policy prefers."""
    target = os.environ.get("PULLBACK_TARGET")
    with nullcontext(pullback.Client(target)) if target else pullback.local() as client:
        for problem, answer in zip(PROBLEMS, train(client), strict=True):
            print(f"{problem['expression']}: {answer}")


if __name__ == "__main__":
    main()
