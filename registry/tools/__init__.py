"""Tools: what carries a tool call to where it is done. One file a type, joined by one line in TOOLS."""

from registry.tools.base import CallLimits, Fault, Tool, ToolError
from registry.tools.calculator import Calculator
from registry.tools.http import HttpTool
from registry.tools.sql import SqlTool

__all__ = ["TOOLS", "CallLimits", "Fault", "Tool", "ToolError"]

TOOLS: dict[str, Tool] = {"http": HttpTool(), "calculator": Calculator(), "sql": SqlTool()}
