package io.budgetauthority.input;

import com.fasterxml.jackson.annotation.JsonProperty;

/// What is wrong with one field of an input.
///
/// @param pointer where it is: a JSON pointer into the body, or the name of a header or parameter
public record FieldError(
    @JsonProperty("pointer") String pointer, @JsonProperty("reason") String reason) {}
