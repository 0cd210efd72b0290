"""What somebody should know before they decide: problems, warnings and notes, each for a stated or computed fact."""

from app.advice.circumstances import Circumstances
from app.advice.reasons import Caution
from app.advice.remarks_hardware import hardware_remarks
from app.advice.remarks_memory import memory_remarks
from app.advice.remarks_work import work_remarks
from app.advice.second_hand import second_hand_remark


def cautions(case: Circumstances) -> tuple[Caution, ...]:
    """All remarks on a question, those about the person's own circumstances first."""
    return (*hardware_remarks(case), *memory_remarks(case), *work_remarks(case), *second_hand_remark(case))
