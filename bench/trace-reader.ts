/** One run of the analyser, in a process of its own: transactions, statistics and rules of a capture, as JSON. */
import { Diagnosis } from '../src/trace/diagnose.ts'
import { analyze } from '../src/trace/index.ts'
import { readCapture } from '../src/trace/node/index.ts'
import { Overview } from '../src/trace/reports/overview.ts'

const [path = ''] = process.argv.slice(2)
const started = performance.now()
const overview = new Overview()
const diagnosis = new Diagnosis()
const summary = await analyze(readCapture(path), [overview, diagnosis])
const seconds = (performance.now() - started) / 1000
const cpu = process.cpuUsage()
process.stdout.write(
  JSON.stringify({
    seconds,
    cpuSeconds: (cpu.user + cpu.system) / 1e6,
    maxResidentBytes: process.resourceUsage().maxRSS * 1024,
    frames: summary.frames,
    transactions: overview.transactions,
    findings: diagnosis.findings().length,
  }),
)
