/** For `node --import`: a machine on which koffi is not installed. */
import { registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'koffi') throw Object.assign(new Error('koffi is not installed'), { code: 'MODULE_NOT_FOUND' })
    return next(specifier, context)
  },
})
