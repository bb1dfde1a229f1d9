"""What a dataset is made of: its variables, where each comes from, who may have it."""

from dataclasses import dataclass
from enum import StrEnum

from accounts.disclosure import FieldClass

# The classes that no blinded export carries; their variables are listed, never filled.
RESTRICTED = frozenset({FieldClass.UNBLINDING, FieldClass.IDENTIFYING})


class Kind(StrEnum):
    """The two types of CDISC's transport formats."""

    CHARACTER = "Char"
    NUMBER = "Num"


@dataclass(frozen=True, slots=True)
class Variable:
    """One column: `sql` computes it in the dataset's view, a restricted one has none.

    Names have at most 8 characters and labels at most 40 (SAS transport version 5, whose
    limits hold for every format). `note` names the codelist or the rule. What a person
    typed as they liked `is_free_text`: only there a spreadsheet may meet a formula.
    """

    name: str
    label: str
    sql: str
    origin: str
    kind: Kind = Kind.CHARACTER
    disclosure: FieldClass = FieldClass.OPEN
    note: str = ""
    is_free_text: bool = False

    @property
    def is_restricted(self) -> bool:
        return self.disclosure in RESTRICTED


@dataclass(frozen=True, slots=True)
class Dataset:
    """One table of an export.

    `source` is the FROM clause in which the variables' `sql` is read. `turn` orders the
    rows of one participant: a whole number that never changes for a row. `keys` names
    the variables that identify a row.
    """

    name: str
    label: str
    structure: str
    source: str
    turn: str
    keys: tuple[str, ...]
    variables: tuple[Variable, ...]
    # Rows that are kept back, each kind told of as a restricted variable is.
    rows_kept_back: tuple[Variable, ...] = ()

    @property
    def view(self) -> str:
        return f"export.{self.name.lower()}"

    @property
    def columns(self) -> tuple[Variable, ...]:
        """The variables that the data carry, in order."""
        return tuple(each for each in self.variables if not each.is_restricted)

    @property
    def restricted(self) -> tuple[Variable, ...]:
        """The variables, and the kinds of rows, that exist and are kept back."""
        variables = (each for each in self.variables if each.is_restricted)
        return (*variables, *self.rows_kept_back)
