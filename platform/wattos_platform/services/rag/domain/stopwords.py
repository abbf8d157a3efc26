"""Words of a question that say nothing about its subject, in English and German (folded as terms are)."""

ENGLISH = frozenset(
    """a about after again all also am an and any are as at be because been before being between both but
    by can could did do does doing each for from had has have having he her here hers him his how i
    if in into is it its itself just let me might more most must my no nor not of on once one only
    or other our ours out over own please same shall she should show so some such tell than that the
    their theirs them then there these they this those through to too under until us was we were
    what when where which while who whom whose why will with would you your yours""".split()  # noqa: SIM905 - a word list reads better as text
)
GERMAN = frozenset(
    """aber alle allem allen aller alles als also am an ander andere anderem anderen auch auf aus bei beim
    bin bis bist bitte da damit dann das dass dein deine dem den denn der des dessen die dies diese
    diesem diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines er es etwas
    euch euer fur gegen gibt hab habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr
    ihre ihrem ihren ihrer im in ins ist ja jede jedem jeden jeder jedes kann kein keine keinem
    keinen keiner konnen man manche mein meine mich mir mit muss mussen nach nein nicht nichts noch
    nun nur ob oder ohne sehr sein seine seinem seinen seiner sich sie sind so soll sollen solche
    sonst uber um und uns unser unter viel vom von vor wann war waren warum was weil welche welchem
    welchen welcher welches wenn wer wem wen werden wie wieder will wir wird wo woher wohin worden
    wurde wurden zu zum zur zwischen""".split()  # noqa: SIM905 - a word list reads better as text
)
STOPWORDS = ENGLISH | GERMAN
