import type { CaseGroup } from "../case.ts";

const template = (text: string) => ({ command: ["get", "po", "plain", "-o", `go-template=${text}`] });

/** The language at large is held to Go's by test/cli/go-template.test.ts; here is what shows that kubectl's engine is that one. */
export const goTemplateLanguageCases: CaseGroup = {
  name: "go-template-language",
  mode: "read",
  cases: [
    template("{{1.0}} {{1e6}} {{0x1F}} {{017}} {{'a'}} {{1+2i}} {{printf \"%T %T %T %T\" 1 1.0 'a' 1i}}"),
    template('{{$g := .metadata.generation}}{{printf "%T %q %c %x %5d|%-5d|%05d %v %+d" $g $g $g $g $g $g $g $g $g}}'),
    template('{{printf "%e %g %8.2f %.3g" 1.5 1e21 2.345 3.14159}} {{printf "%d" 1.0}} {{printf "%[2]s %[1]s %*d" "a" "b" 5 1}}'),
    template("{{eq .metadata.generation 1.5}}"),
    template("{{range $i, $x := 3}}{{end}}"),
    template('{{print .nope nil}} {{html .nope}} {{js "a\\n<b>"}} {{urlquery "a!(b)"}}'),
    template("{{slice .spec.containers 0 2}}"),
    template("{{call .metadata}}"),
    template('{{"a" | "b"}}'),
    template("{{.metadata.name\n| nope}}"),
    template("line\n{{if .kind}}{{.x\ny"),
    template("{{/* c */ }}"),
    template("{{08}}"),
    template('{{define "x"}}{{template "x" .}}{{end}}{{define "x"}}b{{end}}'),
    { command: ["get", "cm", "odd", "-o", 'go-template={{range $k, $v := .data}}{{printf "%q %#q %+q" $k $v $v}}\n{{end}}'] },
    { command: ["get", "widgets", "full", "-n", "rich", "-o", 'go-template={{printf "%v|%d|%s|%q|%#v" .spec .spec .spec .spec .spec}}'] },
  ],
};
