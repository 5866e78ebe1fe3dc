/** Several connections of one session, for tests (MS-SMB2 3.3.5.5.2). */
import type { Client, LogonOptions, NegotiateOptions } from './client.ts'
import type { Answer, ClientSession } from './raw-client.ts'
import { succeeded, type World } from './world.ts'

/** Another connection of the client's session, on the same tree. */
export async function bound(world: World, first: Client, options: NegotiateOptions = {}): Promise<Client> {
  const { client, answer, session } = await tryBind(world, first.session as ClientSession, options)
  succeeded(answer)
  client.session = session
  client.treeId = first.treeId
  return client
}

export async function tryBind(
  world: World,
  bind: ClientSession,
  options: NegotiateOptions = {},
  logon: LogonOptions = {},
): Promise<{ client: Client; answer: Answer; session: ClientSession | undefined }> {
  const client = world.connect()
  succeeded(await client.negotiate(options))
  return { client, ...(await client.tryLogon({ ...logon, bind })) }
}
