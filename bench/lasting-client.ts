/**
 * A program with the library, as it is published: copies a folder several times over one connection, and prints what
 * each time took. `node lasting-client.ts HOST PORT USER SHARE get|put REMOTE LOCAL TARGET TIMES`, the password in the
 * environment.
 */
import type { connect as Connect, Place } from '../src/client/index.ts'

const library = new URL('../dist/client/index.js', import.meta.url)
const { connect } = (await import(library.href)) as { connect: typeof Connect }

const [host = '', port, user = '', shareName = '', direction, remote = '', local = '', target = '', times] =
  process.argv.slice(2)
const password = process.env.SMBKIT_PASSWORD ?? ''
await using client = await connect({ host, port: Number(port), path: '' }, { user, password })
const share = await client.share(shareName)

const taken: { seconds: number; cpuSeconds: number }[] = []
for (let time = 0; time < Number(times); time++) {
  const name = `${target}-${time}`
  const from: Place = direction === 'get' ? { share, path: remote } : { disk: local }
  const to: Place = direction === 'get' ? { disk: `${local}/${name}` } : { share, path: name }
  const startedAt = performance.now()
  const before = process.cpuUsage()
  await share.cp(from, to, { recursive: true })
  const { user: userMicroseconds, system } = process.cpuUsage(before)
  taken.push({ seconds: (performance.now() - startedAt) / 1000, cpuSeconds: (userMicroseconds + system) / 1e6 })
}
process.stdout.write(JSON.stringify(taken))
