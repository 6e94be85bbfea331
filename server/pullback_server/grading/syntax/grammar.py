"""The grammar of answers as people and models write them, one for typed mathematics and for LaTeX.

Both have the same tokens. Factors side by side are a product with the precedence of `*`, so that `1/2x` is x/2. A
function without brackets takes the factors that follow it up to the next function, power of e, bracket or operator
symbol: `sin 2x cos x e^x` is `sin(2x) cos(x) e^x`. Of two possible readings the parser takes the longer argument.
"""

from __future__ import annotations

GRAMMAR = r"""
?answer: expr
    | components
    | expr _COMMA conjunction                     -> conditional
    | expr _COMMA? _IF conjunction                -> conditional

?expr: term
    | expr PLUS term                              -> sum
    | expr MINUS term                             -> sum

?term: signed
    | term TIMES signed                           -> product
    | term DOT signed                             -> product
    | term CROSS signed                           -> product
    | term ENTRYWISE signed                       -> product
    | term MATMUL signed                          -> product
    | term KRON signed                            -> kron
    | term OVER signed                            -> divide
    | term factor                                 -> juxtaposed

?signed: MINUS signed                             -> negate
    | _PLUS signed
    | factor

?factor: power
    | applied

?power: base
    | base CARET exponent                         -> power
    | base ENTRYCARET exponent                    -> entrypower
?exponent: MINUS exponent                         -> negate
    | _PLUS exponent
    | power
    | applied

?base: atom
    | base TRANSPOSE                              -> transpose
    | base INVTRANSPOSE                           -> inverse_transpose

?atom: NUMBER                                     -> number
    | NAME                                        -> name
    | EULER                                       -> name
    | UNIT                                        -> unit
    | group
    | LBAR expr _RBAR                             -> absolute
    | LNORM expr RNORM                            -> norm
    | FUNC arguments                              -> call
    | FUNC CARET raised arguments                 -> call_to_power
    | fraction
    | root
    | matrix
    | cases

?raised: NUMBER                                   -> number
    | NAME                                        -> name
    | MINUS raised                                -> negate
    | _LBRACE expr _RBRACE

?group: _LPAR expr _RPAR
    | _LBRACE expr _RBRACE
    | _LBRACE expr OVERALL expr _RBRACE           -> divide
    | _LPAR components _RPAR
    | _LANGLE components _RANGLE

components: expr (_COMMA expr)+                   -> vector

arguments: _LPAR argument_item (_COMMA argument_item)* _RPAR
    | _LBRACE expr _RBRACE
?argument_item: expr
    | relation

?applied: FUNC argument                           -> call
    | FUNC CARET raised argument                  -> call_to_power
?argument: MINUS argument                         -> negate
    | product_of_argument
?product_of_argument: first_of_argument
    | product_of_argument next_of_argument        -> juxtaposed
?first_of_argument: simple_power
    | number_and_group
    | applied
    | LBAR expr _RBAR                             -> absolute
    | LNORM expr RNORM                            -> norm
    | FUNC arguments                              -> call
    | FUNC CARET raised arguments                 -> call_to_power
number_and_group: NUMBER group
?next_of_argument: name_power
    | fraction
    | root
?simple_power: simple
    | simple CARET exponent                       -> power
?simple: NUMBER                                   -> number
    | EULER                                       -> name
    | named
    | fraction
    | root
    | matrix
?name_power: named
    | named CARET exponent                        -> power
?named: NAME                                      -> name
    | named TRANSPOSE                             -> transpose
    | named INVTRANSPOSE                          -> inverse_transpose

fraction: FRAC part part
?part: _LBRACE expr _RBRACE
    | NUMBER                                      -> number
    | NAME                                        -> name

?root: SQRT part_of_root                          -> square_root
    | SQRT _LROOT expr _RROOT part_of_root        -> nth_root
?part_of_root: group
    | NUMBER                                      -> number
    | NAME                                        -> name
    | EULER                                       -> name

matrix: BEGINMATRIX row (_NEWROW row)* _NEWROW? _ENDMATRIX
row: expr (_AMP expr)*

cases: BEGINCASES case (_NEWROW case)* _NEWROW? _ENDCASES
case: expr _AMP condition
    | expr _IF conjunction
    | expr _OTHERWISE
    | expr _AMP?
?condition: _IF conjunction
    | conjunction
    | _OTHERWISE                                  -> otherwise
?conjunction: relation
    | conjunction _AND relation                   -> logical_and
    | conjunction _OR relation                    -> logical_or
relation: expr RELATION expr
    | expr RELATION expr RELATION expr            -> chain

%declare NUMBER NAME EULER UNIT FUNC PLUS MINUS TIMES DOT CROSS ENTRYWISE MATMUL KRON OVER CARET ENTRYCARET
%declare OVERALL TRANSPOSE INVTRANSPOSE LBAR LNORM RNORM FRAC SQRT BEGINMATRIX BEGINCASES RELATION
%declare _PLUS _LPAR _RPAR _LBRACE _RBRACE _RBAR _COMMA _LANGLE _RANGLE _LROOT _RROOT _NEWROW _ENDMATRIX _AMP
%declare _ENDCASES _IF _OTHERWISE _AND _OR
"""
