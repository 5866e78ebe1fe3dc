import { Command } from 'commander'
import { type Explanation, explain } from '../trace/explain/explain.ts'
import { wrap } from '../trace/reports/wrap.ts'
import { printable, runCommand, UsageError } from './report.ts'

interface ExplainOptions {
  readonly json?: boolean
}

const lineWidth = 100

/** `smbkit explain`: what codes of errors mean. */
export function explainCommand(): Command {
  return new Command('explain')
    .description('what an error means: NTSTATUS, "System error" of Windows, Kerberos; by number or by name')
    .argument('<code...>', 'such as 0xC000006D, STATUS_LOGON_FAILURE, "System error 1240", KDC_ERR_PREAUTH_FAILED')
    .option('--json', 'for programs')
    .action((words: string[], options: ExplainOptions) => runCommand(async () => tell(codesIn(words), options)))
}

/** `System error 53` needs no quotes: words that belong together are one code. */
function codesIn(words: readonly string[]): string[] {
  const isSentence = words.length > 1 && /^(?:system|error|win32|kerberos|krb\w*|kdc|nt)$/i.test(words[0] ?? '')
  return isSentence ? [words.join(' ')] : [...words]
}

function tell(codes: readonly string[], options: ExplainOptions): void {
  const found = codes.map((code) => ({ code, ...explain(code) }))
  if (options.json === true) {
    process.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
    if (found.some(({ explanations }) => explanations.length === 0)) process.exitCode = 1
    return
  }
  for (const [index, { code, explanations, similar }] of found.entries()) {
    if (explanations.length === 0) {
      const hint = similar.length === 0 ? '' : `; did you mean ${similar.join(', ')}?`
      throw new UsageError(`${printable(code)} is no error that is known here${hint}`)
    }
    if (index > 0) process.stdout.write('\n')
    process.stdout.write(explanations.map(explanationText).join('\n'))
  }
}

/** An explanation for people. */
function explanationText(one: Explanation): string {
  const lines = [`${one.name}  ${numberText(one)}`, wrap(one.meaning, lineWidth, '  ')]
  if (one.seen !== '') lines.push(labelled('Seen', one.seen))
  if (one.advice !== '') lines.push(labelled('Try', one.advice))
  if (one.related.length > 0) lines.push(labelled('Same', one.related.join(', ')))
  for (const mistake of one.mistakes) lines.push(labelled('Beware', mistake))
  return `${lines.join('\n')}\n`
}

const labelWidth = 10

const labelled = (label: string, text: string): string =>
  `  ${`${label}:`.padEnd(labelWidth - 2)}${wrap(text, lineWidth, ' '.repeat(labelWidth)).trimStart()}`

function numberText({ kind, code }: Explanation): string {
  if (kind === 'NTSTATUS') return `NTSTATUS 0x${(code >>> 0).toString(16).padStart(8, '0')}`
  return kind === 'Win32' ? `Win32 error ${code}` : `Kerberos error ${code}`
}
