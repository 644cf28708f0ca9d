"""Links to papers, terms and figures: plain Markdown, checked, completed by the build.

Writers write ``[He and others, 2015](../bibliography.md#he2015resnet)`` (a paper),
``[dilation](../notation.md#dilation)`` (a term) and ``[figure 3](#fig-vgg-depth)`` (a
figure, by the name in its cell's metadata). A notebook shows them as they are. The
build adds what a reader sees when pointing at one, and the figure's number.
"""
