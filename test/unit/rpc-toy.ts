/** An interface for tests, with everything that calls can do. */

import { nullHandle } from '../../src/rpc/context-handles.ts'
import { fault } from '../../src/rpc/fault.ts'
import { conformantBytes, contextHandle, u32, unique, wideString } from '../../src/rpc/ndr/index.ts'
import { op, rpcInterface } from '../../src/rpc/operation.ts'
import { type Call, type RpcService, service } from '../../src/rpc/service.ts'
import { FaultStatus } from '../../src/wire/dcerpc/index.ts'

export const Toy = rpcInterface(
  'toy',
  { uuid: '00010203-0405-0607-0809-0a0b0c0d0e0f', version: '2.1', pipe: 'toy' },
  {
    Echo: op(0, 'Echo', { in: { data: conformantBytes }, out: { data: conformantBytes } }),
    Greet: op(1, 'Greet', { in: { name: unique(wideString) }, out: { greeting: unique(wideString), result: u32 } }),
    Open: op(2, 'Open', { in: { start: u32 }, out: { counter: contextHandle, result: u32 } }),
    Next: op(3, 'Next', { in: { counter: contextHandle }, out: { value: u32, result: u32 } }),
    Close: op(4, 'Close', { in: { counter: contextHandle }, out: { counter: contextHandle, result: u32 } }),
    Wait: op(5, 'Wait', { in: { id: u32 }, out: { result: u32 } }),
    Fail: op(6, 'Fail', { in: { status: u32 }, out: { result: u32 } }),
    Break: op(7, 'Break', { in: { later: u32 }, out: { result: u32 } }),
    Big: op(8, 'Big', { in: { length: u32 }, out: { data: conformantBytes } }),
    Missing: op(9, 'Missing', { in: {}, out: { result: u32 } }),
  },
)

export const Other = rpcInterface(
  'other',
  { uuid: '10010203-0405-0607-0809-0a0b0c0d0e0f', version: '1.0', pipe: 'toy' },
  { Add: op(0, 'Add', { in: { a: u32, b: u32 }, out: { result: u32 } }) },
)

class Counter {
  value: number
  constructor(start: number) {
    this.value = start
  }
}

/** The toy's state, for the test to look at and to play with. */
export class ToyState {
  /** Calls of Wait that have not answered: `finish` ends the first. */
  readonly waiting: { readonly id: number; readonly call: Call; readonly finish: (result: number) => void }[] = []
  rundowns = 0
  readonly reported: unknown[] = []

  services(): RpcService[] {
    return [this.toy(), service(Other, { Add: ({ a, b }) => ({ result: (a + b) >>> 0 }) })]
  }

  toy(): RpcService {
    return service(Toy, {
      Echo: ({ data }) => ({ data }),
      Greet: ({ name }) => ({ greeting: name === null ? null : `hello ${name}`, result: 0 }),
      Open: ({ start }, { handles }) => {
        const counter = handles.open(new Counter(start), () => this.rundowns++)
        return counter === undefined ? { counter: nullHandle, result: 8 } : { counter, result: 0 }
      },
      Next: ({ counter }, { handles }) => {
        const found = handles.find(counter, Counter)
        return found === undefined ? fault(FaultStatus.CONTEXT_MISMATCH) : { value: ++found.value, result: 0 }
      },
      Close: ({ counter }, { handles }) =>
        handles.close(counter, Counter) ? { counter: nullHandle, result: 0 } : fault(FaultStatus.CONTEXT_MISMATCH),
      Wait: ({ id }, call) =>
        new Promise((resolve) => {
          this.waiting.push({ id, call, finish: (result) => resolve({ result }) })
        }),
      Fail: ({ status }) => fault(status),
      Break: ({ later }) => {
        if (later === 0) throw new Error('a bug')
        return Promise.reject(new Error('a later bug'))
      },
      Big: ({ length }) => ({ data: new Uint8Array(length).fill(7) }),
    })
  }
}
