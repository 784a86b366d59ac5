import { checkTemplate } from "./check.ts";
import { Evaluator, type TemplateOptions } from "./evaluate.ts";
import { parseTemplate } from "./parse.ts";

/** Go's text/template, as -o go-template uses it. */
export function compileGoTemplate(text: string, options: TemplateOptions): (data: unknown) => string {
  let parsed: ReturnType<typeof parseTemplate>;
  try {
    parsed = parseTemplate(text);
    checkTemplate(parsed.root);
    for (const nodes of parsed.templates.values()) checkTemplate(nodes);
  } catch (error) {
    throw new Error(`error parsing template ${text}, ${(error as Error).message}`);
  }
  return (data) => {
    try {
      return new Evaluator(parsed.templates, options).run(parsed.root, data);
    } catch (error) {
      throw new Error(`error executing template ${JSON.stringify(text)}: template: output:${(error as Error).message}`);
    }
  };
}
