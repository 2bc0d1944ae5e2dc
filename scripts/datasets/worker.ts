// A worker process of scripts/datasets.mjs: gets { job } and answers { answer } or { error }.
import { type Job, Measure } from './measure.js'

const { folder, seeds }: { folder: string; seeds: number } = JSON.parse(process.argv[2])
const measure = new Measure(folder, seeds)

process.on('message', async (job: Job) => {
  try {
    process.send?.({ answer: await measure.answer(job) })
  } catch (error) {
    process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
})
