pub(crate) mod sensitive_result;
