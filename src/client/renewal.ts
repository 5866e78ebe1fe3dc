import type { InitiatorMechanism } from '../auth/mechanism.ts'
import { SpnegoInitiator } from '../auth/spnego-initiator.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { SecurityError } from './errors.ts'
import type { Live } from './link.ts'
import { ensure, firstStep, MAX_ROUNDS, setupCall } from './logon.ts'
import type { Settings } from './settings.ts'

/**
 * Logs on once more for a session whose ticket has ended: it stays with its keys and all that is open in it. MS-SMB2
 * 3.2.5.1.6, 3.2.4.2.3.
 * @throws StatusError, SecurityError, and as `Connection.call`
 */
export async function renewLogon(
  { connection, negotiated, bound }: Pick<Live, 'connection' | 'negotiated' | 'bound'>,
  settings: Settings,
  mechanisms: readonly InitiatorMechanism[],
): Promise<void> {
  const initiator = new SpnegoInitiator(mechanisms)
  const context = { bound, seals: bound.session.seals }
  let step = ensure(await firstStep(initiator, negotiated.token))
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const call = setupCall(settings.host, settings, { mechanisms }, step.token ?? new Uint8Array(0))
    const answer = await connection.call(context, call)
    const isOver = answer.status === NtStatus.SUCCESS
    if (isOver && answer.token.length === 0) return
    step = ensure(await initiator.step(answer.token))
    if (isOver) return
  }
  throw new SecurityError('the server goes on asking for tokens and does not renew the session')
}
