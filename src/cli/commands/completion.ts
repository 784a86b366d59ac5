import { baseName, ownProgram } from "../../host/cli-host.ts";
import type { CommandSpec } from "../command.ts";

// Each asks `__complete`: a candidate a line, then a line with a colon and what the shell is to do:
// 2 no blank behind the only candidate, 4 no files besides, 8 files with the endings that came as candidates.
const SCRIPTS: Readonly<Record<string, (name: string) => string>> = {
  bash: (name) => `# bash completion for ${name}: source <(${name} completion bash)
_${name}() {
  # Bash splits words at = and :, so they are taken from the line.
  local line=\${COMP_LINE:0:COMP_POINT} words lines directive prefix="" endings file
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  local typed=\${words[-1]}
  mapfile -t lines < <("\${words[0]}" __completeNoDesc "\${words[@]:1}" 2>/dev/null)
  COMPREPLY=()
  ((\${#lines[@]} > 0)) || return
  directive=\${lines[-1]#:}
  unset 'lines[-1]'
  [[ $typed == -*=* ]] && typed=\${typed#*=}
  [[ $typed == *:* && $COMP_WORDBREAKS == *:* ]] && prefix=\${typed%:*}:
  ((directive & 2)) && compopt -o nospace
  ((directive & 4)) && compopt +o default
  if ((directive & 8)); then
    endings=$(IFS='|'; echo "\${lines[*]}")
    compopt -o filenames
    while read -r file; do
      [[ -d $file || $file =~ \\.($endings)$ ]] && COMPREPLY+=("$file")
    done < <(compgen -f -- "$typed")
  else
    COMPREPLY=("\${lines[@]#"$prefix"}")
  fi
}
complete -o default -F _${name} ${name}
`,
  zsh: (name) => `#compdef ${name}
# zsh completion for ${name}: source <(${name} completion zsh)
_${name}() {
  local -a lines entries space
  local directive line candidate
  lines=("\${(@f)$(\${words[1]} __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  directive=\${lines[-1]#:}
  lines[-1]=()
  [[ $PREFIX == -*=* ]] && compset -P '*='
  if ((directive & 8)); then
    _files -g "*.(\${(j:|:)lines})(-.)"
    return
  fi
  for line in $lines; do
    candidate=\${line%%$'\\t'*}
    [[ $line == *$'\\t'* ]] && entries+=("\${candidate//:/\\\\:}:\${line#*$'\\t'}") || entries+=("\${candidate//:/\\\\:}")
  done
  ((directive & 2)) && space=(-S '')
  ((\${#entries} > 0)) && _describe -t candidates ${name} entries $space
  ((directive & 4)) || ((\${#entries} > 0)) || _files
}
(( $+functions[compdef] )) && compdef _${name} ${name}
`,
  fish: (name) => `# fish completion for ${name}: ${name} completion fish | source
function __${name}_candidates
  set -l typed (commandline -ct)
  set -l lines (${name} __complete (commandline -opc)[2..-1] "$typed" 2>/dev/null)
  set -l directive (string replace ':' '' -- $lines[-1])
  set -e lines[-1]
  string match -q -- '-*=*' $typed; and set lines (string replace -r '=.*' '=' -- $typed)$lines
  if test (math "bitand($directive, 8)") -ne 0
    __fish_complete_suffix .$lines
  else if test (count $lines) -eq 0 -a (math "bitand($directive, 4)") -eq 0
    __fish_complete_path $typed
  else
    printf '%s\\n' $lines
  end
end
complete -c ${name} -f -a '(__${name}_candidates)'
`,
  powershell: (name) => `# PowerShell completion for ${name}: ${name} completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName ${name} -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($wordToComplete -eq '') { $words += '""' }
  ${name} __complete @words 2>$null | Where-Object { $_ -notmatch '^:\\d+$' } | ForEach-Object {
    $candidate, $text = $_ -split "\`t", 2
    if (-not $text) { $text = $candidate }
    [System.Management.Automation.CompletionResult]::new($candidate, $candidate, 'ParameterValue', $text)
  }
}
`,
};

const completion: CommandSpec = {
  usage: "SHELL",
  long: "Output shell completion code for the specified shell (bash, zsh, fish, or powershell).",
  examples: "# In bash\nsource <(kubesim completion bash)",
  async run(context) {
    const [shell, ...more] = context.args;
    if (shell === undefined) throw context.usage("Shell not specified.");
    if (more.length > 0) throw context.usage("Too many arguments. Expected only the shell type.");
    const script = SCRIPTS[shell];
    if (script === undefined) throw context.usage(`Unsupported shell type ${JSON.stringify(shell)}.`);
    context.io.out(script(calledAs()));
  },
};

export default completion;

/** kubesim, or the name of a link to it. */
const calledAs = (): string =>
  baseName(ownProgram())
    .replace(/\.[cm]?js$/, "")
    .replace(/[^\w-]/g, "") || "kubesim";
