import { renderSortedJson } from "../../../api/go-json.ts";
import { FailedPrinting, messageOf } from "../../errors.ts";
import { goValue } from "../../../api/go-value.ts";
import { Evaluator, type TemplateOptions } from "./evaluate.ts";
import { parseTemplate } from "./parse.ts";

/** Go's text/template, as -o go-template uses it. */
export function compileGoTemplate(text: string, options: TemplateOptions): (data: unknown) => string {
  let templates: ReturnType<typeof parseTemplate>;
  try {
    templates = parseTemplate(text);
  } catch (error) {
    throw new Error(`error parsing template ${text}, ${(error as Error).message}`);
  }
  return (data) => {
    const evaluator = new Evaluator(text, templates, options);
    try {
      return evaluator.run(data);
    } catch (error) {
      const message = `template: output:${messageOf(error)}`;
      throw new FailedPrinting(
        `error executing template ${JSON.stringify(text)}: ${message}`,
        evaluator.output + whatWasGiven(text, message, data),
      );
    }
  };
}

/** Upstream: cli-runtime/pkg/printers/template.go */
const whatWasGiven = (template: string, message: string, data: unknown) =>
  [
    `Error executing template: ${message}. Printing more information for debugging the template:`,
    `\ttemplate was:\n\t\t${template}`,
    `\traw data was:\n\t\t${renderSortedJson(data, 0)}`,
    `\tobject given to template engine was:\n\t\t${goValue(data)}\n\n`,
  ].join("\n");
