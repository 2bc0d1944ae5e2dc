/** Requests by hour of the day, over the week: what callers send, whatever is answered. */
const hourly = (perHour) => (day, hour) => perHour(day, hour)
const isWeekend = (day) => day % 7 >= 5

export const SHAPES = {
  'burst at 23h': hourly((_, hour) => (hour === 23 ? 8000 : 100)),
  'office day': hourly((_, hour) => (hour >= 9 && hour < 17 ? 400 : 5)),
  'office week': hourly((day, hour) => (!isWeekend(day) && hour >= 9 && hour < 17 ? 400 : 5)),
  flat: hourly(() => 150),
  doubling: hourly((day) => (day < 4 ? 150 : 300)),
  'burst on day 5': hourly((day, hour) => (day === 4 && hour === 14 ? 5000 : 100)),
}
