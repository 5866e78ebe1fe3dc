/** A process of its own that opens connections and says nothing: `node hostile-crowd.ts HOST PORT COUNT`. */
import { connect, type Socket } from 'node:net'

const [host = '', port = '', count = ''] = process.argv.slice(2)
const AT_A_TIME = 200
const sockets: Socket[] = []
let ended = 0

function open(): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port) })
    sockets.push(socket)
    socket.on('connect', resolve)
    socket.on('error', reject)
    socket.on('close', () => {
      ended++
      if (ended === Number(count)) process.stdout.write(`all ended\n`, () => process.exit(0))
    })
    socket.resume()
  })
}

for (let done = 0; done < Number(count); done += AT_A_TIME)
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, Number(count) - done) }, open))
process.stdout.write(`${sockets.length} connected\n`)
// Ends with its parent, whatever becomes of that.
process.stdin.on('end', () => process.exit(1)).resume()
