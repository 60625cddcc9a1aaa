#include "trainer/text/language.h"

#include <string.h>

#include "core/rng.h"
#include "tests/harness.h"
#include "tests/trainer/english.h"

const char vsh_suite[] = "language";

static const char *language_of(const char *text, int64_t bytes)
{
    vsh_document document = {.text = text, .bytes = bytes};
    int language = vsh_language_of(&document);

    return language < 0 ? "?" : vsh_language_codes[language];
}

/* Sentences of our own, none of which the profiles were made from. */
static const struct {
    const char *language, *text;
} sentences[] = {
    {"en",
     "The baker opened his shop early in the morning, and the whole street smelled of bread."},
    {"de", "Der B\u00e4cker \u00f6ffnete fr\u00fch am Morgen seinen Laden, und die ganze "
           "Stra\u00dfe roch nach Brot."},
    {"fr", "Le boulanger ouvrit sa boutique t\u00f4t le matin et toute la rue sentait bon le pain "
           "chaud."},
    {"es", "El panadero abri\u00f3 su tienda por la ma\u00f1ana temprano y toda la calle ol\u00eda "
           "a pan caliente."},
    {"it", "Il fornaio apr\u00ec la sua bottega di buon mattino e tutta la strada profumava di "
           "pane caldo."},
    {"pt", "O padeiro abriu a sua loja de manh\u00e3 cedo e toda a rua ficou com cheiro de "
           "p\u00e3o quente."},
    {"nl",
     "De bakker opende 's ochtends vroeg zijn winkel en de hele straat rook naar vers brood."},
    {"sv", "Bagaren \u00f6ppnade sin butik tidigt p\u00e5 morgonen och hela gatan luktade av "
           "nybakat br\u00f6d."},
    {"da", "Bageren \u00e5bnede sin butik tidligt om morgenen, og hele gaden duftede af nybagt "
           "br\u00f8d."},
    {"ca",
     "El forner va obrir la seva botiga de bon mat\u00ed i tot el carrer feia olor de pa calent."},
    {"pl", "Piekarz otworzy\u0142 sw\u00f3j sklep wcze\u015bnie rano i ca\u0142a ulica "
           "pachnia\u0142a \u015bwie\u017cym chlebem."},
    {"cs", "Peka\u0159 otev\u0159el sv\u016fj obchod brzy r\u00e1no a cel\u00e1 ulice von\u011bla "
           "\u010derstv\u00fdm chlebem."},
    {"fi",
     "Leipuri avasi kauppansa varhain aamulla, ja koko katu tuoksui tuoreelta leiv\u00e4lt\u00e4."},
    {"hu", "A p\u00e9k kora reggel kinyitotta a boltj\u00e1t, \u00e9s az eg\u00e9sz utca friss "
           "keny\u00e9r illat\u00e1t \u00e1rasztotta."},
    {"id",
     "Tukang roti membuka tokonya pagi-pagi sekali dan seluruh jalan berbau roti yang hangat."},
    {"tr", "F\u0131r\u0131nc\u0131 sabah erkenden d\u00fckkan\u0131n\u0131 a\u00e7t\u0131 ve "
           "b\u00fct\u00fcn sokak taze ekmek kokuyordu."},
    {"ru",
     "\u041f\u0435\u043a\u0430\u0440\u044c \u043e\u0442\u043a\u0440\u044b\u043b "
     "\u043b\u0430\u0432\u043a\u0443, \u0438 \u0432\u0441\u044f \u0443\u043b\u0438\u0446\u0430 "
     "\u043f\u0430\u0445\u043b\u0430 \u0445\u043b\u0435\u0431\u043e\u043c, \u044d\u0442\u043e "
     "\u0431\u044b\u043b\u043e \u0445\u043e\u0440\u043e\u0448\u043e."},
    {"uk", "\u041f\u0435\u043a\u0430\u0440 \u0432\u0456\u0434\u043a\u0440\u0438\u0432 "
           "\u043a\u0440\u0430\u043c\u043d\u0438\u0446\u044e, \u0456 \u0432\u0441\u044f "
           "\u0432\u0443\u043b\u0438\u0446\u044f \u043f\u0430\u0445\u043b\u0430 "
           "\u0445\u043b\u0456\u0431\u043e\u043c."},
    {"el",
     "\u039f \u03c6\u03bf\u03cd\u03c1\u03bd\u03b1\u03c1\u03b7\u03c2 "
     "\u03ac\u03bd\u03bf\u03b9\u03be\u03b5 \u03c4\u03bf \u03bc\u03b1\u03b3\u03b1\u03b6\u03af "
     "\u03c4\u03bf\u03c5 \u03bd\u03c9\u03c1\u03af\u03c2 \u03c4\u03bf \u03c0\u03c1\u03c9\u03af."},
    {"ja", "\u30d1\u30f3\u5c4b\u306f\u671d\u65e9\u304f\u5e97\u3092\u958b\u3051\u3001\u901a\u308a"
           "\u306f\u30d1\u30f3\u306e\u9999\u308a\u304c\u3057\u305f\u3002"},
    {"zh", "\u9762\u5305\u5e08\u6e05\u6668\u5f00\u4e86\u5e97\u95e8\uff0c\u6574\u6761\u8857\u90fd"
           "\u98d8\u7740\u9762\u5305\u7684\u9999\u5473\u3002"},
    {"ko", "\ube75\uc9d1 \uc8fc\uc778\uc740 \uc544\uce68 \uc77c\ucc0d \uac00\uac8c \ubb38\uc744 "
           "\uc5f4\uc5c8\ub2e4."},
};

static void a_sentence_tells_its_language(void)
{
    for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++)
        CHECK_TEXT(language_of(sentences[i].text, (int64_t)strlen(sentences[i].text)),
                   sentences[i].language);
}

static void case_and_signs_do_not_matter(void)
{
    const char *text =
        "THE BAKER -- opened: his SHOP (early) in [the] MORNING, 7:30! And the street...";

    CHECK_TEXT(language_of(text, (int64_t)strlen(text)), "en");
}

static void what_tells_too_little_is_undecided(void)
{
    static const char *const texts[] = {"",
                                        "no",
                                        "Tarantula",
                                        "1234567890 1234567890 1234567890",
                                        "---- ==== ---- ==== ----",
                                        "xq zzkj qqwv jjxk vvzq kxqj zqxw wvkj qzxj kkqz vxjq",
                                        "\u4e2d\u6587",
                                        "\u2192\u2192\u2192"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CHECK_TEXT(language_of(texts[i], (int64_t)strlen(texts[i])), "?");
}

static void only_the_beginning_is_read(void)
{
    char *text = vsh_alloc(vsh_test_arena(), 1 << 20, 1);
    const char *german = sentences[1].text;
    size_t length = strlen(german);

    memset(text, 0xff, 1 << 20);
    for (size_t at = 0; at + length < 5000; at += length)
        memcpy(text + at, german, length);
    CHECK_TEXT(language_of(text, 1 << 20), "de");
}

static void bad_input_is_survived(void)
{
    char text[5000];
    int undecided = 0;

    for (int fill = 0; fill < 256; fill += 5) {
        memset(text, fill, sizeof text);
        for (int64_t bytes = 0; bytes < 5000; bytes += 999)
            language_of(text, bytes);
    }
    for (uint64_t round = 0; round < 200; round++) {
        for (uint64_t i = 0; i < sizeof text; i++)
            text[i] = (char)(256 * vsh_random_uniform(5, round, i));
        undecided += strcmp(language_of(text, (int64_t)round * 20), "?") == 0;
    }
    CHECK(undecided > 190);
}

/* Entries of the dictionary are names, Latin and abbreviations in part. */
static void english_is_called_english(void)
{
    vsh_documents corpus;
    int64_t english = 0, others = 0, long_others = 0;

    if (!read_english(vsh_test_arena(), &corpus)) {
        vsh_skip("a part of the default corpus is not installed");
        return;
    }
    for (int64_t d = 0; d < corpus.count; d++) {
        vsh_document document = english_document(&corpus, d, 1);
        int language = vsh_language_of(&document);
        english += language == 0 ? document.bytes : 0;
        others += language > 0;
        long_others += language > 0 && document.bytes >= 200;
    }
    CHECK_TEXT(vsh_language_codes[0], "en");
    CHECK((double)english > 0.97 * (double)corpus.open);
    CHECK((double)others < 0.006 * (double)corpus.count);
    CHECK((double)long_others < 0.0001 * (double)corpus.count);
}

const vsh_test vsh_tests[] = {
    {"a_sentence_tells_its_language", a_sentence_tells_its_language},
    {"case_and_signs_do_not_matter", case_and_signs_do_not_matter},
    {"what_tells_too_little_is_undecided", what_tells_too_little_is_undecided},
    {"only_the_beginning_is_read", only_the_beginning_is_read},
    {"bad_input_is_survived", bad_input_is_survived},
    {"english_is_called_english", english_is_called_english},
    {NULL, NULL},
};
