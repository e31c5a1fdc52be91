/**
 * What no policy may answer: its words stand in a command, in the text of a dialog or in the chosen answer. Each one costs at
 * most a question to a person.
 */
const DENIED: readonly RegExp[] = [
  // Another user's rights.
  /\b(?:sudo|doas|pkexec|runuser)\b|\bsu\s+(?:-|root\b)/i,
  // Loss: removal with force or of whole trees, also by other programs; disks; other people's processes.
  /\brm\s(?:[^;&|]*\s)?-(?:\w*[rf]|-(?:rec|for|no-pre))/i,
  /(?:\b(?:xargs|parallel)|-(?:exec|ok)(?:dir)?)\b[^;&|]*\b(?:rm|rmdir|unlink|shred|\w*sh)\b|\s-delete\b/i,
  /\bshutil\.rmtree\b|\b(?:rmSync|rmdirSync|unlinkSync|rimraf)\b|\bos\.(?:remove|unlink|rmdir)\b|\bFileUtils\.rm/,
  /\bgit\b[^;&|]*\b(?:clean\s(?:[^;&|]*\s)?-\w*[fdx]|clean\s+--force|reset\s+--hard|branch\s+(?:[^;&|]*\s)?-\w*D|update-ref\s+-d|filter-branch)/,
  /\bgit\b[^;&|]*\b(?:stash\s+(?:drop|clear)|reflog\s+(?:expire|delete)|worktree\s+remove\b[^;&|]*\s-(?:\w*f|-fo)|gc\b[^;&|]*\s--prune)/,
  /\bshred\b|\bmkfs\b|\bwipefs\b|\bdd\b[^;&|]*\s[io]f=|\bch(?:mod|own)\b[^;&|]*\s-\w*R/,
  /\b(?:shutdown|reboot|poweroff|killall|pkill)\b|\bkill\s+(?:-\S+\s+)*-1\b/i,
  // What comes from the network, or out of a code, is run.
  /\|\s*(?:(?:env|nohup|xargs|command|exec|time)\s+(?:-\S+\s+)*)*[\w./-]*?\b(?:(?:ba|z|da|k|fi|a|c|tc)?sh|python[\d.]*|node|perl|ruby|php|bun|deno|tsx)\b/i,
  /\b(?:curl|wget)\b.*(?:&&|;|\|\|)\s*(?:\.{1,2}\/|(?:ba|z|da)?sh\b|source\b|\.\s|chmod\b|python|node\b|perl\b)/i,
  /(?:<\(|\$\(|`|\beval\b.*|\bsource\b.*)\s*(?:curl|wget)\b|\bbase64\s+(?:-d|-D|--decode)\b/i,
  // What was pushed is overwritten or removed; what git runs by itself is changed.
  /\bpush\b[^;&|]*\s(?:--(?:for|mirror|del|prune)|-\w*[fd]\w*(?![\w-])|[+:][^\s+:])/i,
  /\bgit\b[^;&|]*\s-c(?!\s*(?:user|commit|init|advice|color)\.)|\bgit\s+config\b.*\b(?:alias|core|credential|url|filter)\./,
  // Publishing.
  /\b(?:npm|pnpm|yarn|bun|npx|cargo|poetry|uv|hatch|flit|vsce|ovsx|gem|lerna|changeset|twine|docker|podman|helm|mvn|gradlew?|nuget)\b[^;&|]*\b(?:publish|push|upload|deploy)\b/i,
  /\bgh\s+(?:release|auth|secret|variable|ssh-key|gpg-key|workflow|api|pr\s+merge|repo\s+(?:delete|archive|rename|edit))\b/i,
  // Secrets, and where they are kept.
  /\bpassw(?:or)?d\b|\bpassphrase\b|\bcredentials?\b|\b(?:secret|private|access|api)[ _-]?(?:key|token)s?\b|\bid_(?:rsa|ed25519|ecdsa)\b|\bfingerprint\b|\bauthenticity of host\b/i,
  /\.(?:ssh|aws|gnupg|kube|netrc|npmrc|pypirc|git-credentials)\b|\.config\/(?:gh|gcloud|op)\b|\.docker\/config|\/etc\/shadow\b|\/proc\/\w+\/environ\b/i,
  /(?:\.codex|\.qwen|\bopencode)\/auth\.json\b|\boauth_creds\.json\b/i,
  /(?:^|[\s=/(<:@])\.env(?!\.(?:example|sample|template))(?:\.[\w-]+)*(?=$|[\s;&|)])/i,
  /\$\{?\w*(?:TOKEN|SECRET|PASSW|API_?KEY|PRIVATE_KEY)|\bprintenv\b|\bexport\s+-p\b|\benv\s*(?:$|[|;&>)}])/i,
  /\b(?:npm|pnpm|yarn)\s+(?:login|adduser|token|owner|access)\b/i,
  // What runs later, with other rights: workflows, hooks, start-up files.
  /\.github(?:\/\.)*\/+(?:workflows|actions)\b|\bcd\s+\S*\.github\b|\bworkflows\/[^\s;&|]+\.ya?ml\b|\.gitlab-ci\.yml\b|\.git\/hooks\b|\.husky\b/i,
  /\.(?:bashrc|zshrc|profile|bash_profile|zprofile)\b|\bcrontab\b/i,
];

/** Whether a text names what no policy may answer; also where a narrow terminal broke a word, or quotes hide it. */
export function isDenied(text: string): boolean {
  const joined = text.replace(/\s*\n\s*/g, "");
  const spaced = text.replace(/\s+/g, " ").trim();
  const bare = spaced.replace(/\$\{IFS\}|\$IFS\b/g, " ").replace(/["'\\]/g, "");
  return [spaced, joined, bare].some((form) => DENIED.some((rule) => rule.test(form)));
}
