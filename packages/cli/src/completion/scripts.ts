const BASH = `_tidegate() {
  local cur cword words line
  if declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref -n : cur cword words
  else
    cur=\${COMP_WORDS[COMP_CWORD]} cword=$COMP_CWORD words=("\${COMP_WORDS[@]}")
  fi
  COMPREPLY=()
  while IFS= read -r line; do COMPREPLY+=("$line"); done \\
    < <(tidegate complete -- "\${words[@]:1:cword}" 2>/dev/null)
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$cur"; fi
}
complete -o default -F _tidegate tidegate
`;

const ZSH = `#compdef tidegate
_tidegate() {
  local -a found
  found=(\${(f)"$(tidegate complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#found} )); then compadd -a found; else _files; fi
}
compdef _tidegate tidegate
`;

const FISH = `function __tidegate_complete
  set -l found (tidegate complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)
  if set -q found[1]
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c tidegate -f -a '(__tidegate_complete)'
`;

// PowerShell drops empty words, and the "--" before the others, so that all of them are given in options.
const PWSH = `Register-ArgumentCompleter -Native -CommandName tidegate -ScriptBlock {
  param($typed, $ast, $cursor)
  $before = $ast.CommandElements |
    Select-Object -Skip 1 |
    Where-Object { $_.Extent.EndOffset -lt $cursor } |
    ForEach-Object { if ($_.Value -is [string]) { $_.Value } else { $_.Extent.Text } }
  tidegate complete "--before=$($before -join [char]9)" "--typed=$typed" 2>$null | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`;

/** The script of each shell, which asks the command itself for what may come next. */
export const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH, pwsh: PWSH } as const;
