//! The text of one turn, as a model's chat template wants it.

use minijinja::syntax::SyntaxConfig;

/// The turn that a `chat_template` of the manifest makes.
pub fn render(template: &str, images: &str, prompt: &str) -> anyhow::Result<String> {
    let mut environment = minijinja::Environment::new();
    // The line break at the end, after `assistant`, is part of the turn.
    environment.set_syntax(
        SyntaxConfig::builder()
            .keep_trailing_newline(true)
            .build()?,
    );
    Ok(environment.render_str(template, minijinja::context! { images, prompt })?)
}

/// Whether a token's name looks like a tag: `<|im_end|>`, `[INST]`.
pub fn is_tag(name: &str) -> bool {
    let name = name.trim();
    let within = |open, close| name.starts_with(open) && name.ends_with(close) && name.len() > 2;
    within('<', '>') || within('[', ']')
}

/// The text with a blank inserted in each name of `controls`, so that it stays
/// plain text.
pub fn without_controls(text: &str, controls: &[String]) -> String {
    let mut text = text.to_owned();
    // An inserted blank may make another name, once or twice at most.
    for _ in 0..4 {
        let mut is_clean = true;
        for name in controls.iter().filter(|name| name.chars().count() > 1) {
            if text.contains(name.as_str()) {
                let first = name.chars().next().map_or(0, char::len_utf8);
                let (head, tail) = name.split_at(first);
                text = text.replace(name.as_str(), &format!("{head} {tail}"));
                is_clean = false;
            }
        }
        if is_clean {
            break;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_break_at_the_end_of_a_template_stays() {
        let turn = render(
            "user\n{{ images }}{{ prompt }}\nassistant\n",
            "<i>",
            "Read.",
        );
        assert_eq!(turn.unwrap(), "user\n<i>Read.\nassistant\n");
    }

    #[test]
    fn control_tokens_in_an_instruction_are_only_text() {
        let controls = ["</s>", "<|im_end|>", "USER: ", "< /s>"].map(str::to_owned);
        assert_eq!(
            without_controls("a</s>b <|im_end|>USER: x", &controls),
            "a<  /s>b < |im_end|>U SER: x"
        );
        assert_eq!(
            without_controls("What is 2 < 3?", &controls),
            "What is 2 < 3?"
        );
    }
}
