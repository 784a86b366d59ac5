/** What would move the cursor or change colours is shown instead. Upstream: cli-runtime/pkg/printers/terminal.go */
export const escapedForTerminal = (text: string): string => text.replaceAll("\x1b", "^[").replaceAll("\r", "\\r");
