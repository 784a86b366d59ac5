import type { CaseGroup } from "../case.ts";
import { describeCases } from "./describe.ts";
import { getCases } from "./get.ts";
import { configCases, discoveryCases, errorCases, eventsCases, helpCases, logsCases } from "./questions.ts";
import { columnsCases, goTemplateCases, jsonpathCases } from "./output-formats.ts";
import { writeBasicsCases } from "./write-basics.ts";
import { WRITE_GROUPS } from "./write-groups.ts";

/** Every group of cases; a new file is one line here. */
export const GROUPS: readonly CaseGroup[] = [
  getCases,
  jsonpathCases,
  goTemplateCases,
  columnsCases,
  describeCases,
  logsCases,
  eventsCases,
  discoveryCases,
  configCases,
  errorCases,
  helpCases,
  writeBasicsCases,
  ...WRITE_GROUPS,
];
