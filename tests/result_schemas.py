"""What the pipelines that read results demand of them, as JSON schemas and an XML schema."""

from __future__ import annotations

_TEXT = {"type": "string"}
_SCORE = {"type": "number", "minimum": 0}
_OUTPUT_FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
_VISIBILITY = {"enum": ["visible", "hidden", "after_due_date", "after_published"]}
_OUTCOME = {"enum": ["CORRECT", "INCORRECT", "UNDECIDED", "NOT_AN_ANSWER"]}


def strict(properties, required=()):
    """An object with those properties and no other."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


_POINT = strict(
    {
        "inputs": {"type": "object"},
        "index": {"type": "array", "items": {"type": "integer"}},
        "answer": {"type": ["number", "string"]},
        "derivative": {"type": ["number", "string"]},
        "error": {"type": ["number", "string"]},
    },
    ("inputs", "index", "answer", "derivative", "error"),
)

#: One line of JSON Lines.
LINE = strict(
    {
        "id": _TEXT,
        "outcome": _OUTCOME,
        "score": {"type": ["number", "null"], "minimum": 0, "maximum": 1},
        "findings": {
            "type": "array",
            "items": strict(
                {"code": _TEXT, "message": _TEXT, "line": {"type": "integer"}, "column": {"type": "integer"}},
                ("code", "message"),
            ),
        },
        "message": _TEXT,
        "evidence": strict(
            {
                "confirmation": {"enum": ["IDENTICAL", "SYMBOLIC", "POINTS", "EXACT"]},
                "points": {"type": "integer"},
                "error": {"type": ["number", "string"]},
                "counterexample": _POINT,
            }
        ),
        "replay": _TEXT,
        "findings_state": _TEXT,
        "right_state": _TEXT,
    },
    ("id", "outcome", "score", "findings", "message", "evidence", "replay", "findings_state", "right_state"),
)

#: Gradescope's results.json: https://gradescope-autograders.readthedocs.io/en/latest/specs/
GRADESCOPE = strict(
    {
        "score": _SCORE,
        "execution_time": _SCORE,
        "output": _TEXT,
        "output_format": _OUTPUT_FORMAT,
        "visibility": _VISIBILITY,
        "extra_data": {"type": "object"},
        "tests": {
            "type": "array",
            "items": strict(
                {
                    "score": _SCORE,
                    "max_score": _SCORE,
                    "status": {"enum": ["passed", "failed"]},
                    "name": _TEXT,
                    "number": _TEXT,
                    "output": _TEXT,
                    "output_format": _OUTPUT_FORMAT,
                    "tags": {"type": "array", "items": _TEXT},
                    "visibility": _VISIBILITY,
                    "extra_data": {"type": "object"},
                }
            ),
        },
    },
    ("tests",),
)

#: PrairieLearn's results.json: https://prairielearn.readthedocs.io/en/latest/externalGrading/
PRAIRIELEARN = {
    "type": "object",
    "properties": {
        "gradable": {"type": "boolean"},
        "score": {"type": "number", "minimum": 0, "maximum": 1},
        "format_errors": {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]},
        "message": _TEXT,
        "output": _TEXT,
        "tests": {
            "type": "array",
            "items": strict(
                {
                    "name": _TEXT,
                    "description": _TEXT,
                    "points": _SCORE,
                    "max_points": _SCORE,
                    "message": _TEXT,
                    "output": _TEXT,
                }
            ),
        },
    },
    "additionalProperties": False,
    "if": {"properties": {"gradable": {"const": False}}, "required": ["gradable"]},
    "then": {"required": ["format_errors"], "not": {"required": ["score"]}},
    "else": {"required": ["score"]},
}

#: What GitHub Classroom's reporter reads.
CLASSROOM = strict(
    {
        "version": {"const": 1},
        "status": {"enum": ["pass", "fail", "error"]},
        "max_score": _SCORE,
        "tests": {
            "type": "array",
            "items": strict(
                {"name": _TEXT, "status": {"enum": ["pass", "fail", "error"]}, "message": _TEXT, "score": _SCORE},
                ("name", "status", "message", "score"),
            ),
        },
    },
    ("version", "status", "max_score", "tests"),
)

#: JUnit XML as continuous integration reads it and pytest writes it.
JUNIT = """<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:complexType name="told" mixed="true">
    <xs:attribute name="message" type="xs:string"/>
    <xs:attribute name="type" type="xs:string"/>
  </xs:complexType>
  <xs:element name="properties">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="property" minOccurs="0" maxOccurs="unbounded">
          <xs:complexType>
            <xs:attribute name="name" type="xs:string" use="required"/>
            <xs:attribute name="value" type="xs:string" use="required"/>
          </xs:complexType>
        </xs:element>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
  <xs:element name="testcase">
    <xs:complexType>
      <xs:sequence>
        <xs:element ref="properties" minOccurs="0"/>
        <xs:choice minOccurs="0">
          <xs:element name="skipped" type="told"/>
          <xs:element name="error" type="told"/>
          <xs:element name="failure" type="told"/>
        </xs:choice>
      </xs:sequence>
      <xs:attribute name="name" type="xs:string" use="required"/>
      <xs:attribute name="classname" type="xs:string" use="required"/>
      <xs:attribute name="time" type="xs:decimal"/>
    </xs:complexType>
  </xs:element>
  <xs:element name="testsuite">
    <xs:complexType>
      <xs:sequence>
        <xs:element ref="testcase" minOccurs="0" maxOccurs="unbounded"/>
      </xs:sequence>
      <xs:attribute name="name" type="xs:string" use="required"/>
      <xs:attribute name="tests" type="xs:nonNegativeInteger" use="required"/>
      <xs:attribute name="failures" type="xs:nonNegativeInteger" use="required"/>
      <xs:attribute name="errors" type="xs:nonNegativeInteger" use="required"/>
      <xs:attribute name="skipped" type="xs:nonNegativeInteger"/>
      <xs:attribute name="time" type="xs:decimal"/>
    </xs:complexType>
  </xs:element>
  <xs:element name="testsuites">
    <xs:complexType>
      <xs:sequence>
        <xs:element ref="testsuite" minOccurs="0" maxOccurs="unbounded"/>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
</xs:schema>
"""
