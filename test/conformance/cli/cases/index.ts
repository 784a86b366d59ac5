import type { CaseGroup } from "../case.ts";
import { checkOrderReadCases } from "./check-order-reads.ts";
import { completionCases } from "./completion.ts";
import { describeCases } from "./describe.ts";
import { getChoiceCases } from "./get-choices.ts";
import { getCases } from "./get.ts";
import { configCases, discoveryCases, errorCases, eventsCases, helpCases, logsCases } from "./questions.ts";
import { goTemplateFailureCases } from "./go-template-failures.ts";
import { goTemplateLanguageCases } from "./go-template-language.ts";
import { jsonpathDialectCases } from "./jsonpath-dialect.ts";
import { kubeconfigCases } from "./kubeconfig.ts";
import { kubercCases } from "./kuberc.ts";
import { loggingCases } from "./logging.ts";
import { columnsCases, goTemplateCases, jsonpathCases } from "./output-formats.ts";
import { kustomizeFieldCases } from "./kustomize-fields.ts";
import { kustomizeGeneratorCases } from "./kustomize-generators.ts";
import { kustomizeLayoutCases } from "./kustomize-layouts.ts";
import { kustomizePatchCases } from "./kustomize-patches.ts";
import { kustomizeReplacementCases } from "./kustomize-replacements.ts";
import { questionDetailCases } from "./question-details.ts";
import { richCases } from "./rich.ts";
import { sortWatchColumnCases } from "./sort-watch-columns.ts";
import { topCases } from "./top.ts";
import { typedObjectCases } from "./typed-objects.ts";
import { writeBasicsCases } from "./write-basics.ts";
import { WRITE_GROUPS } from "./write-groups.ts";

/** Every group of cases; a new file is one line here. */
export const GROUPS: readonly CaseGroup[] = [
  getCases,
  getChoiceCases,
  jsonpathCases,
  goTemplateCases,
  columnsCases,
  describeCases,
  questionDetailCases,
  richCases,
  jsonpathDialectCases,
  goTemplateFailureCases,
  goTemplateLanguageCases,
  sortWatchColumnCases,
  topCases,
  typedObjectCases,
  logsCases,
  eventsCases,
  discoveryCases,
  configCases,
  errorCases,
  checkOrderReadCases,
  helpCases,
  loggingCases,
  kubercCases,
  completionCases,
  kustomizeFieldCases,
  kustomizeGeneratorCases,
  kustomizeLayoutCases,
  kustomizePatchCases,
  kustomizeReplacementCases,
  kubeconfigCases,
  writeBasicsCases,
  ...WRITE_GROUPS,
];
