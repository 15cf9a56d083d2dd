"""What a person sees of a run: pictures, and one page that explains them."""

from latentia.report.html import REPORT, write_report
from latentia.report.pictures import PICTURES, draw_pictures
from latentia.report.report_input import ReportInput

__all__ = ["PICTURES", "REPORT", "ReportInput", "draw_pictures", "write_report"]
