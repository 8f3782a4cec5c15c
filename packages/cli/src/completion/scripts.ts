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
  tidegate complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null
end
complete -c tidegate -a '(__tidegate_complete)'
`;

/** The script of each shell, which asks the command itself for what may come next. */
export const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH } as const;
