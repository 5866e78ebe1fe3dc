import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../../src/server/backend.ts'
import { NamedPipe, namedPipeExists, openNamedPipe, type PipeRead } from '../../src/server/named-pipe.ts'
import { NamedPipes, type PipesOptions } from '../../src/server/named-pipes.ts'
import type { PipeEndpoint, PipeTransport, ServiceContext } from '../../src/server/services/context.ts'
import { failed } from '../../src/wire/erref/failure.ts'
import { NtStatus } from '../../src/wire/erref/ntstatus.ts'

const context: ServiceContext = {
  serverName: 'SERVER',
  comment: '',
  shares: () => [],
  user: { kind: 'user', user: 'tester', domain: 'SERVER', sid: 'S-1-5-21-1' },
}

/** A pipe whose other end is in the test's hands. */
function pipeWith(options: PipesOptions = {}) {
  const pipes = new NamedPipes(options)
  const got: string[] = []
  const held: { transport?: PipeTransport; closed?: boolean } = {}
  pipes.add({
    name: 'raw',
    connect(_context, transport): PipeEndpoint {
      held.transport = transport
      return {
        receive: (data) => got.push(Buffer.from(data).toString()),
        close: () => {
          held.closed = true
        },
      }
    },
  })
  const pipe = openNamedPipe('RAW', { ...context, pipes })
  if (failed(pipe)) assert.fail('not opened')
  const say = (text: string): void => held.transport?.send(new Uint8Array(Buffer.from(text)))
  return { pipe, pipes, got, held, say, hangUp: () => held.transport?.close() }
}

const shown = ({ data, more }: PipeRead): string => `${Buffer.from(data).toString()}${more ? '…' : ''}`

/** What a read gave at once, or the promise that it is. */
function now(answer: Answer<PipeRead>): string | number {
  if (answer instanceof Promise) assert.fail('it waits')
  return failed(answer) ? answer.status : shown(answer)
}

async function then(answer: Answer<PipeRead>): Promise<string | number> {
  assert.ok(answer instanceof Promise, 'it does not wait')
  return now(await answer)
}

test('pipes are found by name without regard to case, and others are not there', () => {
  for (const name of ['srvsvc', 'SRVSVC', 'WksSvc']) {
    assert.ok(openNamedPipe(name, context) instanceof NamedPipe, name)
    assert.equal(namedPipeExists(name, context), true)
  }
  for (const name of ['', 'srvsvc2', 'mdssvc', 'pipe/srvsvc', '\\']) {
    const pipe = openNamedPipe(name, context)
    assert.ok(failed(pipe) && pipe.status === NtStatus.OBJECT_NAME_NOT_FOUND, name)
    assert.equal(namedPipeExists(name, context), false)
  }
})

test('messages are read one by one; what does not fit is read next', () => {
  const { pipe, got, say } = pipeWith()
  assert.equal(pipe.write(Buffer.from('question')), 8)
  assert.deepEqual(got, ['question'])
  say('first')
  say('second')
  assert.equal(now(pipe.read(3)), 'fir…')
  assert.equal(now(pipe.read(0)), '…')
  assert.equal(now(pipe.read(100)), 'st')
  assert.equal(now(pipe.read(6)), 'second')
})

test('as a stream of bytes messages run together', () => {
  const { pipe, say } = pipeWith()
  pipe.modes = { readMode: 0, completionMode: 0 }
  assert.deepEqual(pipe.modes, { readMode: 0, completionMode: 0 })
  say('first')
  say('second')
  assert.equal(now(pipe.read(3)), 'fir')
  assert.equal(now(pipe.read(4)), 'stse')
  assert.equal(now(pipe.read(100)), 'cond')
  assert.equal(pipe.localInformation.readDataAvailable, 0)
  assert.equal(now(pipe.transceive(new Uint8Array(1), 10)), NtStatus.INVALID_PIPE_STATE)
})

test('an empty pipe waits, first come first served', async () => {
  const { pipe, say } = pipeWith()
  const first = pipe.read(3)
  const second = pipe.read(100)
  const third = pipe.read(100)
  say('hello')
  assert.equal(await then(first), 'hel…')
  assert.equal(await then(second), 'lo')
  say('again')
  assert.equal(await then(third), 'again')
})

test('a read that waits can be cancelled, and takes nothing then', async () => {
  const { pipe, say } = pipeWith()
  const first = pipe.read(100)
  const second = pipe.read(100)
  assert.ok(first instanceof Promise && second instanceof Promise)
  pipe.cancelRead(first)
  pipe.cancelRead(first)
  assert.equal(await then(first), NtStatus.CANCELLED)
  say('x')
  assert.equal(await then(second), 'x')
  pipe.cancelRead(second)
})

test('a pipe that completes at once answers that it is empty', () => {
  const { pipe } = pipeWith()
  pipe.modes = { readMode: 1, completionMode: 1 }
  assert.equal(now(pipe.read(100)), NtStatus.PIPE_EMPTY)
})

test('transceive: one message there, one back, and not while something is unread', async () => {
  const { pipe, got, say } = pipeWith()
  const answer = pipe.transceive(Buffer.from('question'), 4)
  assert.deepEqual(got, ['question'])
  assert.equal(now(pipe.transceive(new Uint8Array(1), 10)), NtStatus.PIPE_BUSY)
  say('answer')
  assert.equal(await then(answer), 'answ…')
  assert.equal(now(pipe.transceive(new Uint8Array(1), 10)), NtStatus.PIPE_BUSY)
  assert.equal(now(pipe.read(10)), 'er')
})

test('peek and the pipe’s information take nothing', () => {
  const { pipe, say, hangUp } = pipeWith()
  assert.deepEqual(pipe.peek(10), {
    namedPipeState: 3,
    readDataAvailable: 0,
    numberOfMessages: 0,
    messageLength: 0,
    data: new Uint8Array(0),
  })
  say('first')
  say('second')
  assert.equal(now(pipe.read(2)), 'fi…')
  const peeked = pipe.peek(2)
  assert.deepEqual(
    { ...peeked, data: Buffer.from(peeked.data).toString() },
    {
      namedPipeState: 3,
      readDataAvailable: 9,
      numberOfMessages: 2,
      messageLength: 3,
      data: 'rs',
    },
  )
  assert.equal(pipe.localInformation.readDataAvailable, 9)
  hangUp()
  assert.equal(pipe.peek(0).namedPipeState, 4)
  assert.equal(pipe.localInformation.namedPipeState, 4)
})

test('when the other end hangs up, what it said can be read; then it is over', async () => {
  const { pipe, say, hangUp } = pipeWith()
  say('last words')
  hangUp()
  say('nothing more')
  const written = pipe.write(new Uint8Array(1))
  assert.ok(failed(written) && written.status === NtStatus.PIPE_DISCONNECTED)
  assert.equal(now(pipe.read(100)), 'last words')
  assert.equal(now(pipe.read(100)), NtStatus.PIPE_DISCONNECTED)
  const other = pipeWith()
  const waiting = other.pipe.read(100)
  other.hangUp()
  assert.equal(await then(waiting), NtStatus.PIPE_DISCONNECTED)
})

test('closing ends what waits, tells the other end, and keeps nothing', async () => {
  const { pipe, pipes, held, say } = pipeWith()
  say('unread')
  assert.equal(pipes.pendingBytes, 6)
  pipe.close()
  pipe.close()
  assert.equal(held.closed, true)
  assert.equal(pipes.pendingBytes, 0)
  assert.equal(now(pipe.read(1)), NtStatus.PIPE_DISCONNECTED)
  const other = pipeWith()
  const waiting = other.pipe.read(100)
  other.pipe.close()
  assert.equal(await then(waiting), NtStatus.PIPE_BROKEN)
})

test('a client that does not read may not write, and one that lets too much pile up is cut off', () => {
  const { pipe, pipes, say, held } = pipeWith({ maxUnreadBytes: 10, maxPendingBytes: 30 })
  say('0123456789')
  const refused = pipe.write(new Uint8Array(1))
  assert.ok(failed(refused) && refused.status === NtStatus.INSUFFICIENT_RESOURCES)
  assert.equal(now(pipe.read(1)), '0…')
  assert.equal(pipe.write(new Uint8Array(1)), 1)
  say('0123456789')
  say('0123456789')
  assert.equal(pipes.pendingBytes, 29)
  assert.equal(held.closed, undefined)
  say('0123456789')
  assert.equal(held.closed, true)
  assert.equal(pipe.localInformation.namedPipeState, 4)
  pipe.close()
  assert.equal(pipes.pendingBytes, 0)
  const many = pipeWith({ maxUnreadMessages: 3 })
  for (let i = 0; i < 4; i++) many.say('')
  assert.equal(many.held.closed, true)
})

test('reads that wait are limited', () => {
  const { pipe } = pipeWith({ maxReaders: 2 })
  assert.ok(pipe.read(1) instanceof Promise)
  assert.ok(pipe.read(1) instanceof Promise)
  assert.equal(now(pipe.read(1)), NtStatus.INSUFFICIENT_RESOURCES)
  pipe.close()
})
