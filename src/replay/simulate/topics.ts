/**
 * Prompts by topic, from templates of our own. `{word}` picks from the list of that name in words.ts; `{n}` is a number
 * from 2 to 19, `{big}` from 20 to 980. Twists make a prompt harder; a topic's prompts have none, one or two of them.
 */
export interface Topic {
  readonly name: TopicName
  readonly templates: readonly string[]
  readonly twists: readonly string[]
  /** Completion tokens that an answer usually takes, reasoning apart. */
  readonly answerTokens: number
}

const TOPIC_NAMES = [
  'arithmetic',
  'code',
  'commonsense',
  'science',
  'logic',
  'translation',
  'summary',
  'writing',
  'database',
  'law',
] as const
export type TopicName = (typeof TOPIC_NAMES)[number]

export const TOPICS: readonly Topic[] = [
  {
    name: 'arithmetic',
    templates: [
      '{name} buys {n} boxes of {fruit} at {n} dollars each and sells {n} of them for {big} dollars in total. How much money does {name} make?',
      'A {shop} sells {big} {fruit} on Monday and {n} times as many on Saturday. How many {fruit} does it sell on both days together?',
      '{name} drives {big} miles in {n} hours, then walks {n} miles in {n} hours. What is the average speed of the whole trip?',
      'A tank holds {big} liters of water and loses {n} liters every {n} minutes. How many liters are left after {n} hours?',
      '{name} has {big} dollars and spends {n} percent of it on {fruit}. How many dollars are left?',
    ],
    twists: [
      'Then the price goes up by {n} percent and {name} does it all again.',
      'One in {n} of them is spoiled and has to be thrown away.',
      '{name} gives a third of what remains to {n} friends in equal parts.',
    ],
    answerTokens: 190,
  },
  {
    name: 'code',
    templates: [
      'Write a python function to {codetask} a list of {thing}.',
      'Write a function in TypeScript that takes an array of {thing} and returns the {n} largest ones without sorting it.',
      'Write a python function to check whether a given string of {thing} is {property}.',
      'Implement a class in Python for a {structure} that stores {thing} and supports insert, remove and lookup.',
      'Fix the bug in this function: def {verb}(items): return [x for x in items if items.count(x) > {n}] should keep the first of every repeated item.',
    ],
    twists: [
      'It has to run in linear time and must not allocate more than {n} variables.',
      'Handle empty input, duplicates and negative numbers, and write unit tests for each case.',
      'Make it safe to call from several threads at once.',
    ],
    answerTokens: 520,
  },
  {
    name: 'commonsense',
    templates: [
      'Question: What would {name} most likely use to {chore}?\nChoices: (A) a {tool}, (B) a {animal}, (C) a {tool}, (D) a {furniture}\nAnswer with the correct option.',
      'Complete the sentence with the correct option:\nThe {furniture} did not fit through the door because the _ was too wide.\nOption 1: {furniture}\nOption 2: door',
      'Read the following context and choose the most plausible continuation:\nContext: {name} picks up a {tool} and walks into the garden. he\nOptions:\n  (1) starts to {chore}.\n  (2) paints the {animal}.\n  (3) sings to the {furniture}.',
      'Where would you put a {tool} after you {chore}?\nChoices: (A) the {room}, (B) the {animal}, (C) the sky, (D) a {fruit}',
    ],
    twists: [
      'Explain why each of the other options is less plausible.',
      'Assume that {name} has never seen a {tool} before.',
      'Say how sure you are and what would change your mind.',
    ],
    answerTokens: 150,
  },
  {
    name: 'science',
    templates: [
      'Question: Which of these best explains why {substance} {change} when it is {condition}?\nChoices: (A) its mass grows, (B) its particles move faster, (C) it loses electrons, (D) light bends\nAnswer with the correct option and explain your reasoning.',
      '[High School Biology]\nWhich organ of a {animal} is mainly responsible for {bodily}?\n  (A) liver\n  (B) lung\n  (C) kidney\n  (D) heart\nAnswer with the correct letter and explain why.',
      '[Astronomy]\nHow would the orbit of a planet change if its star lost {n} percent of its mass?\nAnswer with the correct letter and explain why.',
      'Question: A student heats {big} grams of {substance}. Which energy change happens first?\nChoices: (A) chemical to light, (B) thermal to kinetic, (C) sound to heat, (D) none',
    ],
    twists: [
      'Derive the answer from first principles and give the units of every quantity.',
      'Say which experiment would tell the two best options apart.',
      'Take into account that the pressure falls at the same time.',
    ],
    answerTokens: 300,
  },
  {
    name: 'logic',
    templates: [
      'Question: {name} tells the truth. {name2} says {name} lies. {name3} says {name2} tells the truth. Does {name3} tell the truth?',
      'On a shelf there are five books. The {color} book is left of the {color2} book. The {color3} book is second from the right. Which book is leftmost?',
      '{name}, {name2} and {name3} each hold a ball: {color}, {color2} and {color3}. First {name} and {name2} swap balls. Then {name3} and {name} swap balls. Which ball does {name2} hold at the end?',
      'Is the argument deductively valid? All {thing} are {property}. No {animal} is {property}. Therefore no {animal} is one of the {thing}.',
    ],
    twists: [
      'Exactly one of the statements above is false.',
      'Then {name2} says that everybody above lies, and {name} agrees.',
      'List every arrangement that is consistent before you answer.',
    ],
    answerTokens: 340,
  },
  {
    name: 'translation',
    templates: [
      'Translate into {language}: "{name} left the {tool} in the {room} because it had started to rain."',
      'Translate the following sentence into {language} and keep the tone polite: "Could you please {chore} before the guests arrive at the {shop}?"',
      'Find the translation error. Source in {language}: a sentence about {n} {animal}s in a {room}. Translation: The {n} {animal}s are in the {furniture}.',
      'How do you say "the {color} {furniture} in the {room}" in {language}, and which words change in the plural?',
    ],
    twists: [
      'Give a literal version too, and say what is lost in it.',
      'Use the subjunctive where a native speaker would.',
      'The text is an idiom: find one with the same meaning.',
    ],
    answerTokens: 130,
  },
  {
    name: 'summary',
    templates: [
      'Summarize the following report in {n} sentences. The {shop} in {city} opened in 19{n} and sold {fruit} for {big} weeks. Then a flood damaged the {room}, the owner {name} rebuilt it, and sales grew by {n} percent.',
      'Give the main point of this paragraph in one line: The council of {city} met for {n} hours about the {tool} factory. Neighbors complained of noise, the owner promised a wall, and a vote was put off until spring.',
      'Shorten this mail to {n} words: Dear {name}, thank you for the {furniture} that you sent to {city}. It arrived with a scratch. We would like a replacement or a refund of {big} dollars.',
      'Write a headline for an article on how {name} of {city} taught {big} children to {chore}.',
    ],
    twists: [
      'Keep every number and every name.',
      'Write it for readers who know nothing of {city}.',
      'Point out what the text leaves open.',
    ],
    answerTokens: 120,
  },
  {
    name: 'writing',
    templates: [
      'Write a short poem about a {animal} that wants to {chore} in {city}.',
      'Write the opening of a story in which {name} finds a {color} {furniture} in the {room} of a {shop}.',
      'Write a friendly review of a {shop} in {city} that sells nothing but {fruit}.',
      'Suggest {n} movie titles similar in mood to a film about a {animal} and a {tool}.',
    ],
    twists: [
      'Every line has to begin with the next letter of the alphabet.',
      'Let it be funny at first and sad at the end.',
      'Write it in the voice of the {furniture}.',
    ],
    answerTokens: 360,
  },
  {
    name: 'database',
    templates: [
      'Given the SQL tables {table}(id, {column}, city) and orders(id, {table}_id, total), write a query that lists the {n} rows of {table} with the highest sum of total.',
      'Write a SQL query that finds {table} in {city} whose {column} is above the average {column}.',
      'Explain why SELECT * FROM {table} WHERE {column} = NULL returns no rows, and correct the query.',
      'Design an index for a SQL table {table} with {big} million rows that is filtered by {column} and sorted by city.',
    ],
    twists: [
      'Use a window function and no subquery.',
      'It has to be correct under concurrent updates at the lowest isolation level.',
      'Ties have to share a rank, and rows without orders have to appear.',
    ],
    answerTokens: 260,
  },
  {
    name: 'law',
    templates: [
      '[Professional Law]\nA tenant in {city} stops paying rent after the {room} floods. The landlord of the {shop} sues for {big} dollars. Which defense is most likely to succeed?\n  (A) frustration\n  (B) constructive eviction\n  (C) laches\n  (D) estoppel',
      'Which clause should a contract between a {shop} and a supplier of {fruit} contain for late delivery? Cite the general rule.',
      '[Clinical Knowledge]\nA patient of {n} years has {symptom} and {symptom2}. Which examination comes first?\n  (A) blood count\n  (B) imaging\n  (C) biopsy\n  (D) none',
      'May an employer in {city} read the mail of {name} about {symptom}? Name the principle that a court would apply.',
    ],
    twists: [
      'The parties agreed on another jurisdiction in a side letter.',
      'Distinguish the majority rule from the minority rule.',
      'A minor signed the agreement, and {n} days later withdrew.',
    ],
    answerTokens: 430,
  },
]
