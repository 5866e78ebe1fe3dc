import { durationOf, endsOf, serverOf, timesOf } from '../evidence/names.ts'
import { advise, conversationRule, framesOf } from '../evidence/rules.ts'
import type { Conversation } from '../model.ts'

interface State {
  readonly frames: number[]
  waitedNs: number
}

const MAX_FRAMES = 20

/** A receiver that does not read what came: its window closes. RFC 9293 3.8.6. */
export const zeroWindow = conversationRule<State>({
  id: 'zero-window',
  looksFor: 'An end that does not take what was sent to it (closed TCP window).',
  state: () => ({ frames: [], waitedNs: 0 }),
  transaction(transaction, state) {
    if (transaction.time.zeroWindows === 0) return
    state.waitedNs += transaction.time.responseNs ?? 0
    for (const frame of framesOf(transaction))
      if (frame !== undefined && state.frames.length < MAX_FRAMES) state.frames.push(frame)
  },
  ended(conversation, state) {
    const who = blamed(conversation)
    return who === undefined ? undefined : { key: `${conversation.stream} ${who}`, frames: state.frames }
  },
  tell({ first: { conversation, state } }) {
    const isClient = blamed(conversation) === 'client'
    const end = isClient ? conversation.client.address : serverOf(conversation.server)
    const count = isClient ? conversation.fromClient.zeroWindows : conversation.fromServer.zeroWindows
    return {
      severity: 'warning',
      title: `${isClient ? 'The client' : 'The server'} ${end} does not keep up: it closed its window ${timesOf(count)}`,
      cause: `Between ${endsOf(conversation)}, ${isClient ? 'the client' : 'the server'} told ${timesOf(count)} that it can take no more data: its program did not read what had arrived. Requests that met it took ${durationOf(state.waitedNs)} together. ${
        isClient
          ? 'Neither the server nor the network is slow: the program of the client is busy, stopped, or writes to a slow disk.'
          : 'The network is not slow: the server is busy, its process was stopped, or it waits for its disk while data comes in.'
      }`,
      advice: advise(
        isClient
          ? {
              windows: 'Resource Monitor of the client; its virus scanner holds data up before programs see it.',
              samba: 'smbclient writes what it reads at once: a slow disk of its own holds it up; iostat -x.',
              smbkit: 'smbkit get writes while it reads; --jobs 1 asks for less at a time.',
              user: 'Look at processor, memory and disk of the client while it happens; a virus scanner may hold the program up.',
            }
          : {
              windows: 'Counters "SMB Server" and "PhysicalDisk" of the server.',
              samba: 'iostat -x; is smbd in state D (waits for the disk)?',
              smbkit: 'smbkit serve --verbose; a backend that blocks stops all connections.',
            },
      ),
    }
  },
})

function blamed({ fromClient, fromServer }: Conversation): 'client' | 'server' | undefined {
  if (fromClient.zeroWindows === 0 && fromServer.zeroWindows === 0) return undefined
  return fromClient.zeroWindows >= fromServer.zeroWindows ? 'client' : 'server'
}
