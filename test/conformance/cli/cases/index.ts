import type { CaseGroup } from "../case.ts";
import { describeCases } from "./describe.ts";
import { getCases } from "./get.ts";
import { configCases, discoveryCases, errorCases, eventsCases, helpCases, logsCases } from "./questions.ts";
import { goTemplateFailureCases } from "./go-template-failures.ts";
import { jsonpathDialectCases } from "./jsonpath-dialect.ts";
import { columnsCases, goTemplateCases, jsonpathCases } from "./output-formats.ts";
import { richCases } from "./rich.ts";
import { sortWatchColumnCases } from "./sort-watch-columns.ts";
import { topCases } from "./top.ts";
import { typedObjectCases } from "./typed-objects.ts";
import { writeBasicsCases } from "./write-basics.ts";
import { WRITE_GROUPS } from "./write-groups.ts";

/** Every group of cases; a new file is one line here. */
export const GROUPS: readonly CaseGroup[] = [
  getCases,
  jsonpathCases,
  goTemplateCases,
  columnsCases,
  describeCases,
  richCases,
  jsonpathDialectCases,
  goTemplateFailureCases,
  sortWatchColumnCases,
  topCases,
  typedObjectCases,
  logsCases,
  eventsCases,
  discoveryCases,
  configCases,
  errorCases,
  helpCases,
  writeBasicsCases,
  ...WRITE_GROUPS,
];
