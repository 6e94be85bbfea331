"""The service: two legs that differentiate an expression, and the verdict on whether they agree."""
