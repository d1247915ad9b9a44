"""The theme: ink on paper, one grey, hairlines and one accent."""

import gradio as gr

LIGHT = {
    "paper": "#ffffff",
    "ink": "#15171a",
    "quiet": "#5a616a",
    "edge": "#858c95",
    "rule": "#dcdfe3",
    "wash": "#f3f4f5",
    "accent": "#bf0a6a",
}
DARK = {
    "paper": "#131416",
    "ink": "#ecedef",
    "quiet": "#a3a9b1",
    "edge": "#757c85",
    "rule": "#2e3135",
    "wash": "#1c1e21",
    "accent": "#ff6fb1",
}
# A token → the variables of Gradio's theme that it fills.
VARIABLES = {
    "paper": ("body_background_fill", "background_fill_primary", "block_background_fill", "input_background_fill",
              "input_background_fill_focus", "button_secondary_background_fill", "checkbox_label_background_fill",
              "checkbox_label_background_fill_selected"),
    "ink": ("body_text_color", "button_secondary_text_color", "checkbox_label_text_color",
            "checkbox_label_text_color_selected", "button_secondary_border_color_hover"),
    "quiet": ("body_text_color_subdued", "block_label_text_color", "block_title_text_color", "block_info_text_color"),
    "edge": ("input_border_color", "button_secondary_border_color", "checkbox_border_color"),
    "rule": ("border_color_primary",),
    "wash": ("background_fill_secondary", "button_secondary_background_fill_hover",
             "checkbox_label_background_fill_hover"),
    "accent": ("slider_color", "input_border_color_focus", "checkbox_background_color_selected",
               "checkbox_border_color_selected", "border_color_accent"),
}  # fmt: skip
SANS = gr.themes.LocalFont("Source Sans Pro", weights=(400, 700))  # its 600 lacks glyphs
MONO = gr.themes.LocalFont("IBM Plex Mono", weights=(400,))

THEME = gr.themes.Base(
    font=[SANS, "system-ui", "sans-serif"],
    font_mono=[MONO, "ui-monospace", "monospace"],
    text_size="lg",
    radius_size=gr.themes.sizes.radius_sm,
).set(
    **{name: LIGHT[token] for token, names in VARIABLES.items() for name in names},
    **{f"{name}_dark": DARK[token] for token, names in VARIABLES.items() for name in names},
    color_accent=LIGHT["accent"],  # has no dark kind: page.css does that
    block_border_width="0px",
    block_padding="0",
    block_shadow="none",
    input_border_width="1px",
    input_shadow="none",
    input_shadow_focus="none",
    button_secondary_shadow="none",
    checkbox_label_shadow="none",
    block_title_text_size="13px",
    block_label_text_size="13px",
    input_text_size="16px",
    button_large_radius="4px",
    button_large_text_weight="400",
)
