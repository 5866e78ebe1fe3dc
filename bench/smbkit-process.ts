/** The measured smbkit: `smbkit-process.ts FOLDER SHARE USER PASSWORD`, in a process of its own; ends with its parent. */
import { diskBackend } from '../src/backends/disk/index.ts'
import { ntHash } from '../src/crypto/ntlm.ts'
import { Server } from '../src/server/index.ts'

const [folder = '', share = '', user = '', password = ''] = process.argv.slice(2)
const account = { user, ntHash: ntHash(password) }
const backend = diskBackend(folder)
const server = new Server({
  shares: [{ name: share, backend, path: folder }],
  accounts: { find: (name) => (name.toLowerCase() === user.toLowerCase() ? account : undefined) },
})
server.on('fault', ({ error }) => console.error(error))
const { port } = await server.start({ host: '127.0.0.1', port: 0 })
process.on('disconnect', () => {
  void server.stop().then(async () => {
    await backend.close()
    process.exit(0)
  })
})
process.send?.(port)
