"""The reasons that this client itself gives, with their sentences: codes of errors, lines of answers and mistakes."""

from __future__ import annotations

from enum import Enum, unique


@unique
class Reason(Enum):
    """A stable code, which is the member's name, and its sentence, where a message says nothing more precise.

    >>> Reason.STREAM_ENDED.name, Reason.STREAM_ENDED.value
    ('STREAM_ENDED', 'the stream ended early')
    """

    # fmt: off
    # Requests that are refused before they are sent.
    NOT_TEXT             = "a value is not a string"
    NOT_AN_ARRAY         = "a value cannot be read as an array"
    UNSUPPORTED_DTYPE    = "the dtype is not supported"
    UNKNOWN_INPUT        = "a name is not among the inputs"
    UNKNOWN_NOTATION     = "the notation is not valid"
    DUPLICATE_ID         = "a request with this id is in flight"
    REQUEST_TOO_LARGE    = "the request is larger than the largest message"
    BAD_PROBLEM          = "the problem or the answer cannot be graded"
    BAD_SHAPE            = "no tensor of this shape has the structure"
    BAD_INPUT            = "an input is given as NAME=VALUE"
    DUPLICATE_INPUT      = "an input is given twice"
    BAD_VALUE            = "the value cannot be read"
    BAD_LINE             = "the line cannot be read"
    # What became of a call.
    DEADLINE             = "the timeout passed before an answer came"
    STREAM_ENDED         = "the stream ended early"
    SERVER_NOT_STARTED   = "the embedded server did not start"
    BAD_REPLY            = "the service sent what this client cannot read"
    # What is wrong with a backward function, or keeps it from being checked.
    RAISED               = "the function raised an exception"
    INPUT_CHANGED        = "the function writes into its arguments"
    FORWARD_DIFFERS      = "the forward value is not that of the expression"
    NOT_DIFFERENTIABLE   = "there was nothing to compare"
    MISSING              = "no gradient is returned, and the right one is not zero"
    NOT_A_NUMBER         = "a nan or an infinity stands where the gradient is finite"
    JACOBIAN_FOR_VJP     = "this is the Jacobian: contract it with the upstream gradient"
    BROADCAST_NOT_SUMMED = "the input was broadcast: sum the gradient over those axes, to the input's shape"
    SUMMED               = "entries are summed away: the gradient has the input's shape"
    TRANSPOSED           = "this is the transposed gradient"
    SHAPE                = "the numbers are right, in a wrong shape"
    UPSTREAM_IGNORED     = "the upstream gradient is not used: this is the gradient for an upstream of ones"
    UPSTREAM_RETURNED    = "the upstream gradient is handed on as it is: the derivative of this step is missing"
    SIGN                 = "the sign is wrong"
    SYMMETRIC_CONVENTION = "mirrored entries move together here, and each moves by itself in the gradient"
    WRONG_INPUT          = "this is the gradient with respect to another input"
    MEAN_FOR_SUM         = "the gradient is divided by the number of outputs, as if they were averaged"
    PRECISION            = "the gradient is right to a few digits only: is a step computed in float32?"
    CONSTANT_FACTOR      = "this is the gradient times a constant"
    FACTOR               = "this is the gradient times a number that depends on the shapes or the values"
    # fmt: on
