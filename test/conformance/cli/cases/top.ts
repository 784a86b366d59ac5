import type { CaseGroup } from "../case.ts";

/** Usage, with and without what is swapped out: simulated nodes have no swap, and say nothing of it. */
export const topCases: CaseGroup = {
  name: "top",
  mode: "read",
  cases: [
    "top po",
    "top po --show-swap",
    "top po --show-swap --no-headers --sum",
    "top po --show-swap --sum -A --sort-by=memory",
    "top po plain --containers --show-swap",
    "top po --sort-by=swap",
    "top no",
    "top no --show-swap",
    "top no worker1 --show-swap --show-capacity",
    "top no --no-headers --show-swap --sort-by=cpu",
  ],
};
