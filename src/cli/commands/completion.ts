import type { CommandSpec } from "../command.ts";

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# bash completion for kubesim: source <(kubesim completion bash)
_kubesim() {
  local IFS=$'\\n'
  COMPREPLY=($(kubesim __complete "\${COMP_WORDS[@]:1:$COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _kubesim kubesim
`,
  zsh: `#compdef kubesim
# zsh completion for kubesim: source <(kubesim completion zsh)
_kubesim() {
  local -a candidates
  candidates=("\${(@f)$(kubesim __complete "\${words[@]:1:$((CURRENT-1))}" 2>/dev/null)}")
  compadd -a candidates
}
compdef _kubesim kubesim
`,
  fish: `# fish completion for kubesim: kubesim completion fish | source
complete -c kubesim -f -a '(kubesim __complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
  powershell: `# PowerShell completion for kubesim: kubesim completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName kubesim -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($wordToComplete -eq '') { $words += '' }
  kubesim __complete @words 2>$null | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
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
    context.io.out(script);
  },
};

export default completion;
