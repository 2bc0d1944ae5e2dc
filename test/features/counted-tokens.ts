/**
 * What real tokenizers count, as npm package gpt-tokenizer 4.0.0 has them: o200k_base, of 200,000 tokens (gpt-4o and later), and
 * cl100k_base, of 100,000 (gpt-4).
 */
export const COUNTED: readonly (readonly [name: string, text: string, o200k: number, cl100k: number])[] = [
  ['one word', 'hi', 1, 1],
  [
    'english',
    'The quick brown fox jumps over the lazy dog. Please summarise the following meeting notes in three sentences, and say which decisions are still open and who is to make them by Friday.',
    37,
    37,
  ],
  [
    'long words',
    'Notwithstanding the aforementioned considerations, interdisciplinary collaboration necessitates institutional restructuring, infrastructural standardisation, and comprehensive internationalisation of administrative responsibilities.',
    26,
    26,
  ],
  [
    'german',
    'Bitte fasse die folgende Betriebsanleitung zusammen. Die Geschwindigkeitsbegrenzung auf der Donaudampfschifffahrtsgesellschaft gilt für alle Kapitäne, außer bei Überschwemmungen und Glatteis.',
    45,
    57,
  ],
  [
    'french',
    "L'été dernier, nous avons passé nos vacances près d'une petite forêt où l'on entendait les cigales jusqu'à la tombée de la nuit. Peux-tu réécrire ce passage au présent de l'indicatif ?",
    47,
    51,
  ],
  [
    'spanish',
    '¿Podrías explicarme por qué la fotosíntesis es tan importante para la vida en la Tierra? Escríbelo para niños de diez años, con ejemplos sencillos y sin tecnicismos.',
    42,
    50,
  ],
  [
    'polish',
    'Proszę wyjaśnić, dlaczego źdźbło trawy łamie się na wietrze, i podać trzy przykłady z życia codziennego. Odpowiedź powinna być krótka i zrozumiała dla każdego.',
    59,
    67,
  ],
  [
    'turkish',
    'Lütfen aşağıdaki paragrafı özetleyin ve çocukların anlayabileceği şekilde yeniden yazın. Türkiye’nin başkenti Ankara’dır, en kalabalık şehri ise İstanbul’dur.',
    43,
    59,
  ],
  [
    'vietnamese',
    'Hãy giải thích tại sao bầu trời có màu xanh và viết câu trả lời bằng những từ ngữ đơn giản để học sinh tiểu học có thể hiểu được.',
    35,
    64,
  ],
  [
    'chinese',
    '请总结以下会议记录，并列出所有尚未解决的问题。每个问题需要说明负责人和截止日期。如果没有明确的负责人，请标注为“待定”。机器学习模型的性能取决于数据质量。',
    47,
    71,
  ],
  [
    'chinese, traditional',
    '請用繁體中文說明為什麼天空是藍色的，並舉出三個日常生活中的例子。臺灣的夜市以各式各樣的小吃聞名，遊客絡繹不絕。',
    54,
    86,
  ],
  [
    'japanese',
    '次の文章を三行で要約してください。東京は日本の首都であり、世界で最も人口の多い都市圏の一つです。カタカナの言葉、例えばコンピューターやインターネットも含めてください。',
    61,
    77,
  ],
  [
    'korean',
    '다음 회의록을 세 문장으로 요약하고 아직 결정되지 않은 사항을 알려 주세요. 서울은 대한민국의 수도이며 인구가 가장 많은 도시입니다.',
    36,
    65,
  ],
  [
    'russian',
    'Пожалуйста, объясните, почему небо голубое, и приведите три примера из повседневной жизни. Ответ должен быть кратким и понятным школьнику.',
    37,
    68,
  ],
  [
    'ukrainian',
    'Будь ласка, поясніть, чому небо блакитне, і наведіть три приклади з повсякденного життя. Відповідь має бути короткою та зрозумілою.',
    50,
    77,
  ],
  [
    'greek',
    'Παρακαλώ εξηγήστε γιατί ο ουρανός είναι γαλάζιος και δώστε τρία παραδείγματα από την καθημερινή ζωή. Η απάντηση πρέπει να είναι σύντομη.',
    47,
    123,
  ],
  [
    'arabic',
    'من فضلك اشرح لماذا السماء زرقاء واذكر ثلاثة أمثلة من الحياة اليومية. يجب أن تكون الإجابة قصيرة ومفهومة لتلاميذ المدارس.',
    36,
    88,
  ],
  [
    'persian',
    'لطفاً توضیح دهید چرا آسمان آبی است و سه مثال از زندگی روزمره بیاورید. پاسخ باید کوتاه و برای دانش‌آموزان قابل فهم باشد.',
    40,
    90,
  ],
  [
    'hebrew',
    'אנא הסבירו מדוע השמיים כחולים ותנו שלוש דוגמאות מחיי היומיום. התשובה צריכה להיות קצרה ומובנת לתלמידי בית ספר.',
    42,
    102,
  ],
  [
    'hindi',
    'कृपया समझाइए कि आसमान नीला क्यों होता है और दैनिक जीवन से तीन उदाहरण दीजिए। उत्तर छोटा और बच्चों के लिए समझने योग्य होना चाहिए।',
    38,
    134,
  ],
  [
    'bengali',
    'অনুগ্রহ করে ব্যাখ্যা করুন কেন আকাশ নীল এবং দৈনন্দিন জীবন থেকে তিনটি উদাহরণ দিন। উত্তরটি সংক্ষিপ্ত হওয়া উচিত।',
    38,
    136,
  ],
  [
    'tamil',
    'வானம் ஏன் நீலமாக இருக்கிறது என்பதை விளக்கி, அன்றாட வாழ்விலிருந்து மூன்று எடுத்துக்காட்டுகளைத் தரவும். பதில் சுருக்கமாக இருக்க வேண்டும்.',
    41,
    183,
  ],
  [
    'thai',
    'กรุณาอธิบายว่าทำไมท้องฟ้าจึงเป็นสีฟ้า และยกตัวอย่างสามข้อจากชีวิตประจำวัน คำตอบควรสั้นและเข้าใจง่ายสำหรับนักเรียน',
    47,
    104,
  ],
  [
    'georgian',
    'გთხოვთ ახსნათ, რატომ არის ცა ლურჯი და მოიყვანეთ სამი მაგალითი ყოველდღიური ცხოვრებიდან.',
    29,
    159,
  ],
  ['emoji', '🚀🔥🎉 Launch day! 👩‍💻👨‍👩‍👧‍👦 Great job team 😀😃😄😁 🇩🇪🇯🇵 ❤️✨👍🏽', 46, 68],
  [
    'typescript',
    "export function summarise(notes: readonly Note[], limit = 3): string {\n  const open = notes.filter(({ isDone }) => !isDone)\n  if (open.length === 0) return 'nothing is open'\n  return open\n    .slice(0, limit)\n    .map((note, i) => i + 1 + '. ' + note.title + ' (' + (note.owner ?? 'nobody') + ')')\n    .join('\\n')\n}\n",
    99,
    100,
  ],
  [
    'python',
    `class LinearModel:
    def __init__(self, learning_rate=0.01, n_iterations=1000):
        self.learning_rate = learning_rate
        self.n_iterations = n_iterations

    def fit(self, X, y):
        n_samples, n_features = X.shape
        self.weights = np.zeros(n_features)
        for _ in range(self.n_iterations):
            y_predicted = np.dot(X, self.weights)
            self.weights -= self.learning_rate * (1 / n_samples) * np.dot(X.T, (y_predicted - y))
`,
    116,
    114,
  ],
  [
    'json',
    `{
  "model": "gpt-x",
  "usage": {
    "prompt_tokens": 1234,
    "completion_tokens": 567,
    "cached": 0.25
  },
  "tags": [
    "a",
    "b",
    "long-tag-name"
  ],
  "at": "2026-11-26T07:30:00.000Z",
  "ok": true,
  "next": null
}`,
    98,
    98,
  ],
  [
    'json in a line',
    '[{"id":0,"name":"user_0","score":0,"email":"u0@example.com"},{"id":1,"name":"user_1","score":1.37,"email":"u1@example.com"},{"id":2,"name":"user_2","score":2.74,"email":"u2@example.com"},{"id":3,"name":"user_3","score":4.11,"email":"u3@example.com"},{"id":4,"name":"user_4","score":5.48,"email":"u4@example.com"},{"id":5,"name":"user_5","score":6.8500000000000005,"email":"u5@example.com"},{"id":6,"name":"user_6","score":8.22,"email":"u6@example.com"},{"id":7,"name":"user_7","score":9.59,"email":"u7@example.com"},{"id":8,"name":"user_8","score":10.96,"email":"u8@example.com"},{"id":9,"name":"user_9","score":12.330000000000002,"email":"u9@example.com"},{"id":10,"name":"user_10","score":13.700000000000001,"email":"u10@example.com"},{"id":11,"name":"user_11","score":15.07,"email":"u11@example.com"}]',
    290,
    290,
  ],
  [
    'html',
    `<div class="card"><a href="https://example.com/path/to/page?id=42&amp;ref=home">Read more</a><p style="margin: 0 auto;">Hello, <b>world</b>!</p></div>
<div class="card"><a href="https://example.com/path/to/page?id=42&amp;ref=home">Read more</a><p style="margin: 0 auto;">Hello, <b>world</b>!</p></div>
<div class="card"><a href="https://example.com/path/to/page?id=42&amp;ref=home">Read more</a><p style="margin: 0 auto;">Hello, <b>world</b>!</p></div>
`,
    156,
    156,
  ],
  [
    'sql',
    "SELECT u.id, count(*) AS orders, round(sum(o.total_usd), 2) FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE o.created_at >= '2026-01-01' GROUP BY u.id HAVING count(*) > 3 ORDER BY 3 DESC LIMIT 50;",
    66,
    66,
  ],
  [
    'a table',
    `| name | price | share |
| --- | ---: | ---: |
| model-0 | 0.00 | 0 % |
| model-1 | 0.37 | 11 % |
| model-2 | 0.74 | 22 % |
| model-3 | 1.11 | 33 % |
| model-4 | 1.48 | 44 % |
| model-5 | 1.85 | 55 % |
| model-6 | 2.22 | 66 % |
| model-7 | 2.59 | 77 % |`,
    128,
    128,
  ],
  [
    'numbers',
    '0, 427799, 855598, 283394, 711193, 138989, 566788, 994587, 422383, 850182, 277978, 705777, 133573, 561372, 989171, 416967, 844766, 272562, 700361, 128157, 555956, 983755, 411551, 839350, 267146, 694945, 122741, 550540, 978339, 406135, 833934, 261730, 689529, 117325, 545124, 972923, 400719, 828518, 256314, 684113, 111909, 539708, 967507, 395303, 823102, 250898, 678697, 106493, 534292, 962091, 389887, 817686, 245482, 673281, 101077, 528876, 956675, 384471, 812270, 240066',
    237,
    237,
  ],
  [
    'a log',
    `2026-11-26T07:30:12.100Z INFO [worker-0] request=3f9c2b0a took=0ms status=200 path=/v1/chat/completions
2026-11-26T07:31:12.101Z INFO [worker-1] request=3f9c2b1a took=131ms status=200 path=/v1/chat/completions
2026-11-26T07:32:12.102Z INFO [worker-2] request=3f9c2b2a took=262ms status=200 path=/v1/chat/completions
2026-11-26T07:33:12.103Z INFO [worker-3] request=3f9c2b3a took=393ms status=200 path=/v1/chat/completions
2026-11-26T07:34:12.104Z INFO [worker-4] request=3f9c2b4a took=524ms status=200 path=/v1/chat/completions
2026-11-26T07:35:12.105Z INFO [worker-5] request=3f9c2b5a took=655ms status=200 path=/v1/chat/completions`,
    281,
    281,
  ],
  [
    'base64',
    Buffer.from(Array.from({ length: 1500 }, (_, i) => ((i * 2654435761) >>> 7) & 255)).toString('base64'),
    1388,
    1451,
  ],
  [
    'hex',
    Buffer.from(Array.from({ length: 400 }, (_, i) => ((i * 2654435761) >>> 9) & 255)).toString('hex'),
    473,
    470,
  ],
  [
    'url',
    'https://accounts.example.com/oauth2/v2/auth?client_id=1234567890-abcdefghij0123456789.apps.example.com&redirect_uri=https%3A%2F%2Fwww.example.com%2Fcallback&scope=openid%20email%20profile&state=Zx81QmPq',
    68,
    68,
  ],
  [
    'blank lines',
    `First line



        indented by eight
		two tabs
First line



        indented by eight
		two tabs
First line



        indented by eight
		two tabs
First line



        indented by eight
		two tabs
First line



        indented by eight
		two tabs
`,
    70,
    70,
  ],
  [
    'mathematics',
    '∑_{i=1}^{n} x_i² ≤ (∑ x_i)², ∀x ∈ ℝ⁺; ∫₀^∞ e^{−x²} dx = √π/2 ≈ 0.886; α·β ≠ γ ⇒ λ → ∞',
    67,
    64,
  ],
  ['a word without end', 'a'.repeat(400), 50, 50],
  [
    'shouting',
    'WHY IS THE SKY BLUE? ANSWER IN CAPITAL LETTERS ONLY, AND GIVE THREE EXAMPLES FROM EVERYDAY LIFE, PLEASE.',
    26,
    29,
  ],
  [
    'official russian',
    'Искусственный интеллект является областью информатики, которая занимается разработкой интеллектуальных систем, обладающих возможностями человеческого разума.',
    29,
    67,
  ],
  [
    'official arabic',
    'أعلنت الحكومة عن إجراءات جديدة تهدف إلى تعزيز التنمية الاقتصادية في جميع أنحاء البلاد.',
    17,
    58,
  ],
  ['official persian', 'دولت جمهوری اسلامی ایران سیاست‌های جدیدی برای توسعه اقتصادی کشور اعلام کرد.', 16, 52],
  [
    'official urdu',
    'تمام انسان آزاد اور حقوق و عزت کے اعتبار سے برابر پیدا ہوئے ہیں۔ انہیں ضمیر اور عقل ودیعت ہوئی ہے۔',
    27,
    90,
  ],
  [
    'official hindi',
    'भारत सरकार ने शिक्षा के क्षेत्र में महत्वपूर्ण परिवर्तन करने का निर्णय लिया है और इसके लिए नई नीति बनाई गई है।',
    23,
    107,
  ],
  [
    'official greek',
    'Η κυβέρνηση ανακοίνωσε νέα μέτρα για την ανάπτυξη της οικονομίας και τη στήριξη των επιχειρήσεων.',
    25,
    86,
  ],
  ['official thai', 'รัฐบาลได้ประกาศมาตรการใหม่เพื่อส่งเสริมการพัฒนาเศรษฐกิจของประเทศไทย', 22, 69],
  [
    'official armenian',
    'Բոլոր մարդիկ ծնվում են ազատ ու հավասար իրենց արժանապատվությամբ ու իրավունքներով։',
    22,
    150,
  ],
  [
    'official georgian',
    'ყველა ადამიანი იბადება თავისუფალი და თანასწორი თავისი ღირსებითა და უფლებებით.',
    21,
    144,
  ],
  [
    'official vietnamese',
    'Chính phủ Việt Nam đã ban hành nhiều chính sách nhằm phát triển kinh tế xã hội trong giai đoạn tới.',
    24,
    47,
  ],
]
