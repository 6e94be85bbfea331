"""Answers rewritten by identities, which keep them right, and edited at random, which hardly ever does."""

from __future__ import annotations

import ast
import copy
import random

from .trees import text, tree


def rewrite(answer: str, rng: random.Random, times: int, variable: str) -> str:
    """The same function in another form: `times` identities applied at random places."""
    for _ in range(times):
        root = tree(answer)
        nodes = [n for n in ast.walk(root) if isinstance(n, ast.BinOp | ast.Call | ast.UnaryOp)]
        if not nodes:
            return f"{answer}*1"
        target = rng.choice(nodes)
        new = _identity(target, rng, variable)
        if new is not None and len(new) < 400:
            answer = _with(root, target, new)
    return answer


def _identity(node: ast.expr, rng: random.Random, x: str) -> str | None:
    u = text(node)
    k = rng.randint(2, 5)
    general = [
        f"({k}*{u}/{k})",
        f"({u} + {k} - {k})",
        f"(-(-{u}))",
        f"({u}*(sin({x})**2 + cos({x})**2))",
        f"({u} + (1 - tanh({x})**2)*cosh({x})**2 - 1)",
        f"({u}*exp({x})/exp({x}))",
        f"({u}/2 + {u}/2)",
    ]
    match node:
        case ast.BinOp(left=a, op=ast.Add(), right=b):
            return rng.choice([f"({text(b)} + {text(a)})", f"({text(a)} - (-{text(b)}))"])
        case ast.BinOp(left=a, op=ast.Sub(), right=b):
            return rng.choice([f"(-{text(b)} + {text(a)})", f"(-({text(b)} - {text(a)}))"])
        case ast.BinOp(left=a, op=ast.Mult(), right=ast.BinOp(left=b, op=ast.Add(), right=c)):
            return f"({text(a)}*{text(b)} + {text(a)}*{text(c)})"
        case ast.BinOp(left=a, op=ast.Mult(), right=b):
            return rng.choice([f"({text(b)}*{text(a)})", f"({text(a)}/(1/{text(b)}))", general[0]])
        case ast.BinOp(left=a, op=ast.Div(), right=b):
            return rng.choice(
                [f"({text(a)}*{text(b)}**(-1))", f"({text(a)}*(1/{text(b)}))", f"(1/({text(b)}/{text(a)}))"]
            )
        case ast.BinOp(left=a, op=ast.Pow(), right=ast.Constant(value=2)):
            return f"({text(a)}*{text(a)})"
        case ast.Call(func=ast.Name(id=name), args=[operand]):
            identities = {
                "sin": ["cos(U - pi/2)", "2*sin(U/2)*cos(U/2)", "(exp(log(2))*sin(U)/2)"],
                "cos": ["sin(U + pi/2)", "(1 - 2*sin(U/2)**2)", "(cos(U/2)**2 - sin(U/2)**2)"],
                "tan": ["(sin(U)/cos(U))"],
                "exp": ["e**U", "exp(U/2)**2", "(1/exp(-U))", "(sinh(U) + cosh(U))"],
                "tanh": ["(sinh(U)/cosh(U))", "((exp(2*U) - 1)/(exp(2*U) + 1))"],
                "sqrt": ["U**(1/2)", "(U/sqrt(U))"],
                "log": ["(log(3*U) - log(3))", "(2*log(sqrt(U)))"],
                "sinh": ["((exp(U) - exp(-U))/2)"],
                "cosh": ["((exp(U) + exp(-U))/2)"],
                "sigmoid": ["(1/(1 + exp(-U)))"],
            }.get(name)
            if identities:
                return "(" + rng.choice(identities).replace("U", text(operand)) + ")"
    return rng.choice(general)


def edit(answer: str, rng: random.Random) -> str:
    """One random edit: a number, a sign, a function, a name or an exponent becomes another."""
    root = copy.deepcopy(tree(answer))
    nodes = [n for n in ast.walk(root) if isinstance(n, ast.expr)]
    for _ in range(20):
        target = rng.choice(nodes)
        match target:
            case ast.Constant(value=value):
                new = str(value + rng.choice((1, 2, -1)))
            case ast.BinOp(left=a, op=ast.Add(), right=b):
                new = f"({text(a)} - {text(b)})"
            case ast.BinOp(left=a, op=ast.Sub(), right=b):
                new = f"({text(a)} + {text(b)})"
            case ast.BinOp(left=a, op=ast.Mult(), right=b):
                new = rng.choice((text(a), text(b), f"({text(a)} + {text(b)})", f"({text(a)}/{text(b)})"))
            case ast.BinOp(left=a, op=ast.Div(), right=b):
                new = rng.choice((f"({text(a)}*{text(b)})", f"({text(b)}/{text(a)})", text(a)))
            case ast.Call(func=ast.Name(id=name), args=[u]):
                others = {"sin": "cos", "cos": "sin", "exp": "log", "log": "exp", "tan": "tanh", "sqrt": "square"}
                new = f"{others.get(name, 'sin')}({ast.unparse(u)})"
            case ast.Name(id=name) if name not in ("e", "pi") and len(name) == 1:
                new = rng.choice((f"(2*{name})", f"({name} + 1)", f"(-{name})", f"abs({name})"))
            case _:
                continue
        return _with(root, target, new)
    return f"({answer})*1.001"


def _with(root: ast.expr, target: ast.expr, new: str) -> str:
    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            return tree(new) if node is target else self.generic_visit(node)

    return ast.unparse(ast.fix_missing_locations(Replace().visit(root)))
