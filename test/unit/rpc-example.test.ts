/** The example of a service of one's own: in a pipe, and straight over TCP by way of the endpoint mapper. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Clock, clockService } from '../../examples/clock-service.ts'
import type { Dial } from '../../src/client/dial.ts'
import { connectRpcBy } from '../../src/client/rpc.ts'
import { nullHandle } from '../../src/rpc/context-handles.ts'
import { EPT_NOT_REGISTERED, Epmapper } from '../../src/rpc/epmapper/epmapper.ts'
import { decodeTower, encodeTower } from '../../src/rpc/epmapper/tower.ts'
import { RpcConnection } from '../../src/rpc/server.ts'
import { type RpcService, service } from '../../src/rpc/service.ts'
import { Srvsvc } from '../../src/rpc/srvsvc/srvsvc.ts'
import { VirtualClock } from '../simulation/virtual-clock.ts'
import { endpoint } from './rpc-pair.ts'

const noon = new Date('2026-11-21T12:00:00Z')
const PORT = 49_152

/** An endpoint mapper that knows the port of the clock. */
const mapper = service(Epmapper, {
  ept_map({ mapTower, maxTowers }) {
    const wanted = decodeTower(mapTower?.tower ?? new Uint8Array(0))
    const isClock = wanted.interface.uuid === Clock.syntax.uuid
    const tower = encodeTower({ interface: Clock.syntax, endpoint: { kind: 'tcp', port: PORT, address: '10.0.0.1' } })
    const entries = isClock ? [{ tower }] : []
    const status = isClock ? 0 : EPT_NOT_REGISTERED
    return { entryHandle: nullHandle, count: entries.length, towers: { room: maxTowers, entries }, status }
  },
})

/** A network of one machine, whose ports have these services; packets come in pieces of a few bytes. */
function network(ports: ReadonlyMap<number, RpcService>): Dial & { open: number } {
  const dial = async (...[{ port }, accept]: Parameters<Dial>): Promise<void> => {
    const offered = ports.get(port)
    if (offered === undefined) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
    dial.open++
    const ended = (): void => void dial.open--
    const connection = new RpcConnection(endpoint([offered]), {
      send: (fragment) => {
        for (let at = 0; at < fragment.length; at += 7) events.received(fragment.slice(at, at + 7))
      },
      close: () => events.closed(),
    })
    const events = accept({
      remote: '',
      local: '',
      unsentBytes: 0,
      send: (parts) => parts.forEach((part) => connection.receive(part)),
      pause() {},
      resume() {},
      close: ended,
    })
  }
  dial.open = 0
  return dial
}

test('over TCP, at the port that the mapper tells, and at one that is known', async () => {
  const dial = network(
    new Map<number, RpcService>([
      [135, mapper],
      [PORT, clockService(() => noon)],
    ]),
  )
  for (const options of [{}, { port: PORT }]) {
    const clock = await connectRpcBy({ dial }, 'host', Clock, options)
    assert.equal((await clock.calls.Now({ zone: 'Europe/Berlin' })).text, '2026-11-21 13:00:00')
    assert.equal((await clock.calls.Now({ zone: 'Nowhere' })).result, 87)
    await clock.close()
    await assert.rejects(clock.calls.Now({ zone: null }), { code: 'RPC_PROTOCOL' })
  }
  await assert.rejects(connectRpcBy({ dial }, 'host', Srvsvc), /has no port for srvsvc/)
  await assert.rejects(connectRpcBy({ dial }, 'host', Clock, { port: 1 }), { code: 'ECONNREFUSED' })
  assert.equal(dial.open, 0)
})

test('over TCP, where nobody answers: in bounds, at each step', { timeout: 10_000 }, async () => {
  const clock = new VirtualClock()
  const silent = { send() {}, pause() {}, resume() {}, remote: '', local: '', unsentBytes: 0 }
  let closed = 0
  const accepts: Dial = async (_target, accept) => {
    const events = accept({ ...silent, close: () => void closed++ })
    events.drained()
  }
  const never: Dial = (_target, _accept, signal) =>
    new Promise((_resolve, reject) => {
      signal.throwIfAborted()
      signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true })
    })
  const timeouts = { connectTimeoutMs: 1000, pipeTimeoutMs: 5000 }
  for (const [dial, options, delayMs] of [
    [never, { port: PORT }, 1000],
    [accepts, { port: PORT }, 5000],
    [accepts, {}, 5000],
  ] as const) {
    const failed = assert.rejects(connectRpcBy({ dial, clock }, 'host', Clock, { ...options, timeouts }), {
      code: 'ETIMEDOUT',
    })
    await setImmediate()
    clock.advance(delayMs)
    await failed
  }
  assert.equal(closed, 2)
  const reason = new Error('not any more')
  const signal = AbortSignal.abort(reason)
  await assert.rejects(connectRpcBy({ dial: never, clock }, 'host', Clock, { port: PORT, signal }), reason)
})
